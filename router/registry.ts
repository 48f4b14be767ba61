import type { StrategyName } from '../schemas/routing.ts';
import { availability } from './strategies/availability.ts';
import { cost } from './strategies/cost.ts';
import { intelligent } from './strategies/intelligent.ts';
import { performance } from './strategies/performance.ts';
import type { Strategy } from './strategy.ts';

/** The strategies by the name used in configuration. Add one: one file in strategies/, one line here. */
export const strategies: Readonly<Record<StrategyName, Strategy>> = {
  intelligent,
  cost,
  performance,
  availability,
};
