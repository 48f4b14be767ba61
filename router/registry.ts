import { availability } from './strategies/availability.ts';
import type { Strategy } from './strategy.ts';

/** The strategies by the name used in configuration. Add one: one file in strategies/, one line here. */
export const strategies = { availability } as const satisfies Record<string, Strategy>;
/** A key of `strategies`. */
export type StrategyName = keyof typeof strategies;

/** The strategy of this name; `availability` stands in for names that have none. */
export function strategyNamed(name: string): { name: StrategyName; strategy: Strategy } {
  const known = Object.hasOwn(strategies, name) ? (name as StrategyName) : 'availability'; // checked key
  return { name: known, strategy: strategies[known] };
}
