import type { RouteRequest } from '../schemas/envelope.ts';
import type { Assessed } from './assess.ts';
import type { ScoredCandidate, Strategy, StrategyOptions } from './strategy.ts';

/** An assessed target in its place. */
export type Ranked = ScoredCandidate<Assessed>;

/** What comes before the strategy: smaller is better, the first difference decides. */
interface OrderKey {
  readonly assessed: Assessed;
  /** Who is out after all others, then who sees no images that are there, then who lacks the model. */
  readonly lacking: number;
  /** 0 = healthy, 1 = degraded; of who is out the milliseconds until it is back. */
  readonly illness: number;
  /** Probes before all others, then whom a rule prefers. */
  readonly unwanted: number;
}

const LACKS_MODEL = { yes: 0, maybe: 1, no: 2 } as const;
const LACKS_IMAGES = 4;
const IS_OUT = 8;
const IS_NO_PROBE = 2;
const ILLNESS = { healthy: 0, degraded: 1 } as const;

/** Orders targets, best first: who is up and fits before who is not, and equals as the strategy says. Pure. */
export function inOrder(
  all: readonly Assessed[],
  request: RouteRequest,
  { strategy, options }: { strategy: Strategy; options: StrategyOptions },
): readonly Ranked[] {
  const { hasImages } = request.facts;
  const keys = all.map((assessed) => keyOf(assessed, hasImages)).sort(compare);
  const ranked: Ranked[] = [];
  for (let start = 0; start < keys.length; ) {
    const end = endOfEquals(keys, start);
    const equals = keys.slice(start, end).map(({ assessed }) => assessed);
    for (const each of strategy(equals, request, options)) ranked.push(each);
    start = end;
  }
  return ranked;
}

function endOfEquals(keys: readonly OrderKey[], start: number): number {
  const first = keys[start];
  let end = start + 1;
  for (; first !== undefined && end < keys.length; end += 1) {
    const next = keys[end];
    if (next === undefined || compare(first, next) !== 0) break;
  }
  return end;
}

function keyOf(assessed: Assessed, hasImages: boolean): OrderKey {
  const { planned, standing } = assessed;
  const { level, backInMs } = standing;
  return {
    assessed,
    lacking:
      (level === 'out' ? IS_OUT : 0) +
      (hasImages && !planned.seesImages ? LACKS_IMAGES : 0) +
      LACKS_MODEL[planned.serves],
    illness: level === 'out' ? backInMs : ILLNESS[level],
    unwanted: (standing.isProbe ? 0 : IS_NO_PROBE) + (planned.isPreferred ? 0 : 1),
  };
}

function compare(a: OrderKey, b: OrderKey): number {
  if (a.lacking !== b.lacking) return a.lacking - b.lacking;
  // Two infinite times have no difference to subtract.
  if (a.illness !== b.illness) return a.illness < b.illness ? -1 : 1;
  return a.unwanted - b.unwanted;
}
