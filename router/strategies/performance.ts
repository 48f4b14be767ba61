import { orderScored } from '../near-equals.ts';
import type { Strategy } from '../strategy.ts';

const SUCCESS_PROBABILITY_MIN = 0.01;
const TOTAL_MS_MIN = 1;
/** Speeds are measured: who is this close to the fastest is as fast. */
const TOLERANCE = 0.05;

/** The fastest: the least expected time until the end, where a failure takes the time of another try. */
export const performance: Strategy = (candidates, request) =>
  orderScored(
    candidates.map((candidate) => {
      const { totalMs, successProbability } = candidate.facts;
      const probability = Math.max(successProbability, SUCCESS_PROBABILITY_MIN);
      const expectedMs = Math.max(totalMs, TOTAL_MS_MIN) / probability;
      const factors = { totalMs, successProbability, expectedMs };
      return { candidate, score: 1 / expectedMs, factors };
    }),
    request,
    { tolerance: TOLERANCE, tieBreaks: ['home', 'chain', 'spread'] },
  );
