import type { RouteRequest } from '../schemas/envelope.ts';
import type { Target } from '../schemas/target.ts';

/** What is known about a candidate for one request. Times in milliseconds, money in picodollars (10⁻¹² USD). */
export interface CandidateFacts {
  /** What the request will cost: tokens that are cached there apart from those that are not. */
  readonly costPicodollars: number;
  /** Tokens of the prompt that are cached there, as `inputTokensEstimate` counts. */
  readonly cachedTokens: number;
  /** Until the first content. */
  readonly firstContentMs: number;
  /** Until the end. */
  readonly totalMs: number;
  /** 0 to 1. */
  readonly successProbability: number;
  /** The share of the tightest rate-limit window that would be left, 0 to 1; 1 = no limit known. */
  readonly headroom: number;
  readonly inFlight: number;
  /** The conversation's prompt is cached there; 0 = not. Milliseconds for which it stays so. */
  readonly warmForMs: number;
  /** It was the last to serve this conversation. */
  readonly isHome: boolean;
  /** Share of its normal traffic, 0.1 to 1: after an ejection it rises over a minute. */
  readonly weight: number;
  /** It serves the very model that is asked for, not one of another maker. */
  readonly isSameModel: boolean;
}

/** A target that could serve the request now. */
export interface Candidate extends Target {
  /** The name to resolve at the provider; null = the client's own. */
  readonly model: string | null;
  /** Place in the configured chain, from 0. Accounts of a provider share it. */
  readonly chainIndex: number;
  /** 32 bits that stay the same for this target: for spreading. */
  readonly hash: number;
  readonly facts: CandidateFacts;
}

/** A candidate with its score, higher is better, and what it is made of. */
export interface ScoredCandidate<Its extends Candidate = Candidate> {
  readonly candidate: Its;
  readonly score: number;
  readonly factors: Readonly<Record<string, number>>;
}

/**
 * Orders candidates, best first. Pure: no clock, no I/O, no mutation; it drops nobody. Candidates of one call fit
 * equally well: what they can do and whether they are up was looked at before.
 */
export type Strategy = <Its extends Candidate>(
  candidates: readonly Its[],
  request: RouteRequest,
  options: StrategyOptions,
) => readonly ScoredCandidate<Its>[];

/** What the operator may say to all strategies. */
export interface StrategyOptions {
  /** False: a strategy that weighs several things leaves money out. */
  readonly isCostOptimized: boolean;
}
