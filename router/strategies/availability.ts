import type { Strategy } from '../strategy.ts';

/** The operator's own order: the configured chain says whom they trust most. */
export const availability: Strategy = (candidates) =>
  candidates
    .toSorted((a, b) => a.chainIndex - b.chainIndex)
    .map((candidate) => ({ candidate, score: -candidate.chainIndex, factors: {} }));
