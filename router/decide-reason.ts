import type { RouteReason, RouteRequest } from '../schemas/envelope.ts';
import type { StrategyName } from '../schemas/routing.ts';
import type { Ranked } from './decide-order.ts';

const REASON_OF: Readonly<Record<StrategyName, RouteReason>> = {
  intelligent: 'score',
  cost: 'cost',
  performance: 'performance',
  availability: 'availability',
};

/** Why the first of the ranked is the first: what decided before anything else did. Pure. */
export function reasonOf(
  all: readonly Ranked[],
  request: RouteRequest,
  { strategy, isWaiting }: { strategy: StrategyName; isWaiting: boolean },
): RouteReason {
  const [first] = all;
  if (first === undefined) return 'nobody';
  if (isWaiting) return 'waiting';
  if (first.candidate.standing.level === 'out') return 'last_resort';
  if (request.failed.length > 0) return 'fallback';
  if (request.pinned !== null) return 'pinned';
  if (all.length === 1) return 'only_candidate';
  const isChosen = first.candidate.planned.isPreferred;
  if (isChosen && all.some(({ candidate }) => !candidate.planned.isPreferred)) return 'rule';
  if (strategy === 'intelligent' && first.candidate.facts.isHome) return 'session';
  return REASON_OF[strategy];
}
