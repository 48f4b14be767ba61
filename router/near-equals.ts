import { conversationOf } from '../schemas/conversation.ts';
import type { RouteRequest } from '../schemas/envelope.ts';
import { hashOf, hashOfBoth } from './hash.ts';
import type { ScoredCandidate } from './strategy.ts';

/** What decides among near-equals, one after the other. */
export type TieBreak = 'home' | 'chain' | 'spread';

interface Entry {
  readonly scored: ScoredCandidate;
  readonly isNear: boolean;
  readonly spread: number;
}

/**
 * Orders by score, best first; those within `tolerance` of the best (0.05 = 5 %) count as equals of it.
 *
 * `spread` is a rendezvous hash of conversation and target: one conversation stays at its place, many go everywhere, and
 * who leaves takes only its own along. Scores must not be negative when there is a tolerance.
 */
export function orderScored(
  all: readonly ScoredCandidate[],
  request: RouteRequest,
  { tolerance, tieBreaks }: { tolerance: number; tieBreaks: readonly TieBreak[] },
): readonly ScoredCandidate[] {
  if (all.length < 2) return all;
  let best = Number.NEGATIVE_INFINITY;
  for (const { score } of all) best = Math.max(best, score);
  const least = best * (1 - tolerance);
  const conversation = hashOf(conversationOf(request.facts) ?? request.requestId);
  const entries = all.map((scored): Entry => {
    const spread = hashOfBoth(conversation, scored.candidate.hash);
    return { scored, isNear: scored.score >= least, spread };
  });
  return entries.sort((a, b) => compare(a, b, tieBreaks)).map(({ scored }) => scored);
}

function compare(a: Entry, b: Entry, tieBreaks: readonly TieBreak[]): number {
  if (a.isNear !== b.isNear) return a.isNear ? -1 : 1;
  if (!a.isNear && a.scored.score !== b.scored.score) return b.scored.score - a.scored.score;
  for (const tieBreak of tieBreaks) {
    const difference = DIFFERENCES[tieBreak](a, b);
    if (difference !== 0) return difference;
  }
  return 0;
}

const DIFFERENCES: Readonly<Record<TieBreak, (a: Entry, b: Entry) => number>> = {
  home: (a, b) => Number(isHome(b)) - Number(isHome(a)),
  chain: (a, b) => a.scored.candidate.chainIndex - b.scored.candidate.chainIndex,
  spread: (a, b) => a.spread - b.spread,
};

function isHome({ scored }: Entry): boolean {
  return scored.candidate.facts.isHome;
}
