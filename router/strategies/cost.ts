import { orderScored } from '../near-equals.ts';
import type { Strategy } from '../strategy.ts';

/** The cheapest for this request: what is cached somewhere counts as what it costs there. */
export const cost: Strategy = (candidates, request) =>
  orderScored(
    candidates.map((candidate) => {
      const { costPicodollars, cachedTokens } = candidate.facts;
      return { candidate, score: -costPicodollars, factors: { costPicodollars, cachedTokens } };
    }),
    request,
    { tolerance: 0, tieBreaks: ['home', 'chain', 'spread'] },
  );
