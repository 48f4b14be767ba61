import type { RequestClass } from '../../schemas/request-class.ts';
import { orderScored } from '../near-equals.ts';
import type { Candidate, CandidateFacts, Strategy } from '../strategy.ts';

/** How a relative disadvantage weighs: gently up to a knee, steeply beyond, ever less where it is huge anyway. */
interface Slope {
  /** 0.1 = 10 % more than the best. */
  readonly knee: number;
  readonly gentle: number;
  readonly steep: number;
}

/** The best of the candidates in each respect. */
interface Best {
  readonly costPicodollars: number;
  readonly totalMs: number;
  readonly firstContentMs: number;
}

// Tuned with `npm run bench:routing`. A cold prompt costs many times a warm one, far beyond the knee.
const COST: Slope = { knee: 0.35, gentle: 0.6, steep: 3 };
const TOTAL_TIME: Slope = { knee: 0.2, gentle: 0.8, steep: 1.5 };
const FIRST_CONTENT: Slope = { knee: 0.2, gentle: 0.15, steep: 0.5 };
/** For each attempt that is expected to fail: its time is lost, and the client sees it when it had begun or hangs. */
const FAILURE = 8;
const SUCCESS_PROBABILITY_MIN = 0.05;
/** The share of a rate-limit window below which it is spared, and the pressure when nothing is left. */
const HEADROOM_ENOUGH = 0.3;
const NO_HEADROOM = 2;
/** Whoever asks for Claude wants Claude: others are for when it is hardly there. */
const OTHER_MODEL = 4;
/** A conversation leaves the place that holds its prompt for a clear gain only. */
const LEAVING = 0.8;
/** Whose share is small after an ejection. */
const RECOVERING = 1;
/** New conversations are spread over those that are this close to the best. */
const TOLERANCE = 0.05;
/** Nobody waits for these, their prompts are small, and nothing of them is cached. */
const SIDE_CALLS: ReadonlySet<RequestClass> = new Set(['title', 'auxiliary']);
/** They are spread widely: who is never asked cannot show that it is faster than was thought. */
const SIDE_TOLERANCE = 0.5;

/**
 * Weighs everything: what the request costs, how long it takes, how likely it succeeds, how much of the rate limits is
 * left, whether it is the model that was asked for, and where the conversation's prompt is cached. The score is 1 for
 * the best in every respect; the factors are the penalties that lower it to 1 / (1 + their sum).
 */
export const intelligent: Strategy = (candidates, request, { isCostOptimized }) => {
  const best = bestOf(candidates);
  const isSide = SIDE_CALLS.has(request.facts.requestClass);
  const hasHome = !isSide && candidates.some(({ facts }) => facts.isHome);
  const scored = candidates.map((candidate) => {
    const { facts } = candidate;
    const cost = isCostOptimized ? penalty(facts.costPicodollars, best.costPicodollars, COST) : 0;
    const totalTime = penalty(facts.totalMs, best.totalMs, TOTAL_TIME);
    const firstContent = penalty(facts.firstContentMs, best.firstContentMs, FIRST_CONTENT);
    const failure = failurePenalty(facts);
    const pressure = pressureOf(facts);
    const otherModel = facts.isSameModel ? 0 : OTHER_MODEL;
    const leaving = hasHome && !facts.isHome ? LEAVING : 0;
    const recovering = RECOVERING * (1 - facts.weight);
    const sum =
      cost + totalTime + firstContent + failure + pressure + otherModel + leaving + recovering;
    return {
      candidate,
      score: 1 / (1 + sum),
      factors: {
        cost,
        totalTime,
        firstContent,
        failure,
        pressure,
        otherModel,
        leaving,
        recovering,
      },
    };
  });
  return orderScored(scored, request, {
    tolerance: isSide ? SIDE_TOLERANCE : TOLERANCE,
    tieBreaks: isSide ? ['spread', 'chain'] : ['home', 'spread', 'chain'],
  });
};

// Another maker's price does not make the wanted model dear.
function bestOf(candidates: readonly Candidate[]): Best {
  const hasSame = candidates.some(({ facts }) => facts.isSameModel);
  let costPicodollars = Number.POSITIVE_INFINITY;
  let totalMs = Number.POSITIVE_INFINITY;
  let firstContentMs = Number.POSITIVE_INFINITY;
  for (const { facts } of candidates) {
    if (hasSame && !facts.isSameModel) continue;
    costPicodollars = Math.min(costPicodollars, facts.costPicodollars);
    totalMs = Math.min(totalMs, facts.totalMs);
    firstContentMs = Math.min(firstContentMs, facts.firstContentMs);
  }
  return { costPicodollars, totalMs, firstContentMs };
}

function penalty(value: number, best: number, { knee, gentle, steep }: Slope): number {
  const excess = Math.max(0, value - best) / Math.max(best, 1);
  if (excess <= knee) return gentle * excess;
  return gentle * knee + steep * Math.log(1 + excess - knee);
}

function failurePenalty({ successProbability }: CandidateFacts): number {
  const probability = Math.max(successProbability, SUCCESS_PROBABILITY_MIN);
  return (FAILURE * (1 - probability)) / probability;
}

function pressureOf({ headroom }: CandidateFacts): number {
  const missing = Math.max(0, HEADROOM_ENOUGH - headroom) / HEADROOM_ENOUGH;
  return NO_HEADROOM * missing * missing;
}
