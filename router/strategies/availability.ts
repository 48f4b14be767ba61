import { orderScored } from '../near-equals.ts';
import type { Strategy } from '../strategy.ts';

/** Who is this close to the best is as likely to answer. */
const TOLERANCE = 0.05;

/**
 * The likeliest to answer: success, room below the rate limits, and the share it takes while it recovers. Among equals the
 * configured chain says whom the operator trusts most.
 */
export const availability: Strategy = (candidates, request) =>
  orderScored(
    candidates.map((candidate) => {
      const { successProbability, headroom, weight } = candidate.facts;
      const score = successProbability * headroom * weight;
      return { candidate, score, factors: { successProbability, headroom, weight } };
    }),
    request,
    { tolerance: TOLERANCE, tieBreaks: ['chain', 'home', 'spread'] },
  );
