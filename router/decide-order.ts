import type { RouteRequest } from '../schemas/envelope.ts';
import type { Assessed } from './assess.ts';
import type { ScoredCandidate, Strategy, StrategyOptions } from './strategy.ts';

/** An assessed target in its place. */
export interface Ranked {
  readonly assessed: Assessed;
  readonly scored: ScoredCandidate;
}

/** What comes before the strategy: smaller is better, the first difference decides. */
interface OrderKey {
  readonly isOut: number;
  readonly lacksImages: number;
  /** 0 = has the model, 1 = may have it, 2 = has it not. */
  readonly lacksModel: number;
  /** 0 = healthy, 1 = degraded; of who is out the milliseconds until it is back. */
  readonly illness: number;
  readonly isNotProbe: number;
  readonly isNotPreferred: number;
}

interface Keyed {
  readonly assessed: Assessed;
  readonly key: OrderKey;
}

const LACKS_MODEL = { yes: 0, maybe: 1, no: 2 } as const;
const ILLNESS = { healthy: 0, degraded: 1 } as const;

/** Orders targets, best first: who is up and fits before who is not, and equals as the strategy says. Pure. */
export function inOrder(
  all: readonly Assessed[],
  request: RouteRequest,
  { strategy, options }: { strategy: Strategy; options: StrategyOptions },
): readonly Ranked[] {
  const { hasImages } = request.facts;
  const keyed = all.map((assessed): Keyed => ({ assessed, key: keyOf(assessed, hasImages) }));
  keyed.sort((a, b) => compare(a.key, b.key));
  const ranked: Ranked[] = [];
  for (let start = 0; start < keyed.length; ) {
    const end = endOfEquals(keyed, start);
    const equals = keyed.slice(start, end).map(({ assessed }) => assessed);
    const candidates = equals.map(({ candidate }) => candidate);
    for (const scored of strategy(candidates, request, options)) {
      const assessed = equals[candidates.indexOf(scored.candidate)];
      if (assessed !== undefined) ranked.push({ assessed, scored });
    }
    start = end;
  }
  return ranked;
}

function endOfEquals(keyed: readonly Keyed[], start: number): number {
  const first = keyed[start];
  let end = start + 1;
  for (; first !== undefined && end < keyed.length; end += 1) {
    const next = keyed[end];
    if (next === undefined || compare(first.key, next.key) !== 0) break;
  }
  return end;
}

function keyOf({ planned, standing }: Assessed, hasImages: boolean): OrderKey {
  const { level, backInMs } = standing;
  return {
    isOut: Number(level === 'out'),
    lacksImages: Number(hasImages && !planned.seesImages),
    lacksModel: LACKS_MODEL[planned.serves],
    illness: level === 'out' ? backInMs : ILLNESS[level],
    isNotProbe: Number(!standing.isProbe),
    isNotPreferred: Number(!planned.isPreferred),
  };
}

function compare(a: OrderKey, b: OrderKey): number {
  if (a.isOut !== b.isOut) return a.isOut - b.isOut;
  if (a.lacksImages !== b.lacksImages) return a.lacksImages - b.lacksImages;
  if (a.lacksModel !== b.lacksModel) return a.lacksModel - b.lacksModel;
  // Two infinite times have no difference to subtract.
  if (a.illness !== b.illness) return a.illness < b.illness ? -1 : 1;
  if (a.isNotProbe !== b.isNotProbe) return a.isNotProbe - b.isNotProbe;
  return a.isNotPreferred - b.isNotPreferred;
}
