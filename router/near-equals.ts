import { conversationOf } from '../schemas/conversation.ts';
import type { RouteRequest } from '../schemas/envelope.ts';
import { hashOf, hashOfBoth } from './hash.ts';
import type { Candidate, ScoredCandidate } from './strategy.ts';

/** What decides among near-equals, one after the other. */
export type TieBreak = 'home' | 'chain' | 'spread';

interface Entry<Its extends Candidate> {
  readonly scored: ScoredCandidate<Its>;
  readonly isNear: boolean;
  /** Its place among equals: smaller is better. */
  readonly place: number;
}

/**
 * Orders by score, best first; those within `tolerance` of the best (0.05 = 5 %) count as equals of it.
 *
 * `spread` is a rendezvous hash of conversation and target: one conversation stays at its place, many go everywhere, and
 * who leaves takes only its own along. Scores must not be negative when there is a tolerance.
 */
export function orderScored<Its extends Candidate>(
  all: readonly ScoredCandidate<Its>[],
  request: RouteRequest,
  { tolerance, tieBreaks }: { tolerance: number; tieBreaks: readonly TieBreak[] },
): readonly ScoredCandidate<Its>[] {
  if (all.length < 2) return all;
  let best = Number.NEGATIVE_INFINITY;
  for (const { score } of all) best = Math.max(best, score);
  const least = best * (1 - tolerance);
  const conversation = hashOf(conversationOf(request.facts) ?? request.requestId);
  const entries = all.map((scored): Entry<Its> => {
    const place = placeOf(scored.candidate, conversation, tieBreaks);
    return { scored, isNear: scored.score >= least, place };
  });
  return entries.sort(compare).map(({ scored }) => scored);
}

function compare(a: Entry<Candidate>, b: Entry<Candidate>): number {
  if (a.isNear !== b.isNear) return a.isNear ? -1 : 1;
  if (!a.isNear && a.scored.score !== b.scored.score) return b.scored.score - a.scored.score;
  return a.place - b.place;
}

// All tie-breaks in one whole number, which a double holds exactly: the first one makes its upper digits.
function placeOf(
  candidate: Candidate,
  conversation: number,
  tieBreaks: readonly TieBreak[],
): number {
  let place = 0;
  for (const tieBreak of tieBreaks) {
    if (tieBreak === 'home') place = place * 2 + (candidate.facts.isHome ? 0 : 1);
    else if (tieBreak === 'chain') place = place * CHAIN_PLACES + candidate.chainIndex;
    else place = place * HASHES + hashOfBoth(conversation, candidate.hash);
  }
  return place;
}

const CHAIN_PLACES = 2 ** 16;
const HASHES = 2 ** 32;
