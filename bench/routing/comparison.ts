import { STRATEGY_NAMES } from '../../schemas/routing.ts';
import type { DayShape } from './day.ts';
import { createGatewayRouter, type Router } from './gateway-router.ts';
import { createSeedRouter } from './seed-formula.ts';
import { simulateDay } from './simulate-day.ts';
import type { DayResult } from './tally.ts';

/** Everybody who is compared, in the order of the table. */
export const CONTENDERS = [...STRATEGY_NAMES, 'seed', 'seed as written'] as const;
/** One of CONTENDERS: a strategy of the gateway, the seed's formula, or that with its faults. */
export type Contender = (typeof CONTENDERS)[number];

/** The same days for everybody: results in the order of the seeds. */
export type Results = Readonly<Record<Contender, readonly DayResult[]>>;

/** What `intelligent` has to show beside the two that look at one thing only. One number per day. */
export interface Ratios {
  /** Its money as a multiple of `cost`'s. */
  readonly money: readonly number[];
  /** Its median time to the end of an answer as a multiple of `performance`'s. */
  readonly time: readonly number[];
  readonly errors: Readonly<Record<'intelligent' | 'cost' | 'performance', readonly number[]>>;
}

/** The most that its money and time may be. */
export const MONEY_MAX = 1.1;
/** See MONEY_MAX. */
export const TIME_MAX = 1.2;

/** Lets everybody serve the days of all seeds. */
export function compare(seeds: readonly number[], shape: DayShape): Results {
  const of = (contender: Contender): readonly DayResult[] =>
    seeds.map((seed) => simulateDay(routerOf(contender, seed), { seed, shape }));
  return {
    intelligent: of('intelligent'),
    cost: of('cost'),
    performance: of('performance'),
    availability: of('availability'),
    seed: of('seed'),
    'seed as written': of('seed as written'),
  };
}

/** Sets `intelligent` beside the two. */
export function ratiosOf({
  intelligent,
  cost,
  performance,
}: Pick<Results, 'intelligent' | 'cost' | 'performance'>): Ratios {
  const errors = (days: readonly DayResult[]) => days.map(({ visibleErrors }) => visibleErrors);
  return {
    money: intelligent.map(({ usd }, day) => usd / (cost[day]?.usd ?? Number.NaN)),
    time: intelligent.map(
      ({ totalMs }, day) => totalMs.median / (performance[day]?.totalMs.median ?? Number.NaN),
    ),
    errors: {
      intelligent: errors(intelligent),
      cost: errors(cost),
      performance: errors(performance),
    },
  };
}

/** Makes the router of a contender. */
export function routerOf(contender: Contender, seed: number): Router {
  if (contender === 'seed') return createSeedRouter({ hasFaults: false });
  if (contender === 'seed as written') return createSeedRouter({ hasFaults: true });
  return createGatewayRouter(contender, seed);
}
