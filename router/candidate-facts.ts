import type { TokenPrices } from '../config/prices/token-prices.ts';
import type { RequestFacts } from '../schemas/envelope.ts';
import type { Target } from '../schemas/target.ts';
import { expectedCost } from './expected-cost.ts';
import type { Forecast, Knowledge, SessionHome, TokenNeed } from './knowledge.ts';
import type { PlannedTarget } from './plan.ts';
import type { RouterPolicy } from './policy.ts';
import type { Standing } from './standing.ts';
import type { CandidateFacts } from './strategy.ts';

/** A home of a conversation, and the target that it is. */
export interface HomeAt {
  readonly planned: PlannedTarget;
  readonly home: SessionHome;
}

/** What holds for all candidates of one request. */
export interface FactsContext {
  readonly facts: RequestFacts;
  readonly need: TokenNeed;
  /** The targets that served its conversation, the last one first. */
  readonly homes: readonly HomeAt[];
  readonly knowledge: Knowledge;
  readonly policy: RouterPolicy;
  readonly nowMs: number;
}

const MS_PER_SECOND = 1_000;
const TOKENS_PER_SECOND_MIN = 0.1;
/** A target on trial competes as if it had not failed: how else could it show that it is well? */
const TRIAL_SUCCESS_PROBABILITY = 0.99;

/** What was found out about a target before. */
export interface KnownOfTarget {
  readonly standing: Standing;
  readonly forecast: Forecast;
  /** See `CircuitStanding`. */
  readonly weight: number;
  /** The conversation's home there; null = nothing is cached. */
  readonly cachedAt: SessionHome | null;
  readonly prices: TokenPrices;
}

/** Gathers what is known about a target for one request. */
export function factsOf(
  planned: PlannedTarget,
  { standing, forecast, weight, cachedAt, prices }: KnownOfTarget,
  context: FactsContext,
): CandidateFacts {
  const { facts, need, knowledge, nowMs } = context;
  const cachedTokens = cachedAt?.cachedTokens ?? 0;
  const { outputTokens } = need;
  const { firstContentMs, outputTokensPerSecond } = knowledge.speed(planned, nowMs);
  const tokensPerMs = Math.max(outputTokensPerSecond, TOKENS_PER_SECOND_MIN) / MS_PER_SECOND;
  const successProbability = knowledge.successProbability(planned, nowMs);
  const { isTrial } = standing;
  return {
    costPicodollars: expectedCost(facts, prices, { cachedTokens, outputTokens }),
    cachedTokens,
    firstContentMs,
    totalMs: firstContentMs + outputTokens / tokensPerMs,
    successProbability: isTrial
      ? Math.max(successProbability, TRIAL_SUCCESS_PROBABILITY)
      : successProbability,
    headroom: forecast.headroom,
    inFlight: knowledge.inFlight(planned),
    warmForMs: cachedAt?.warmForMs ?? 0,
    isHome: cachedAt !== null && cachedAt === context.homes[0]?.home,
    // Its share was looked at when this request was let in.
    weight: isTrial ? 1 : weight,
    isSameModel: planned.isSameModel,
  };
}

/** The homes that are at one of the targets, in the order of `homes`. */
export function homesAmong(
  targets: readonly PlannedTarget[],
  homes: readonly SessionHome[],
): readonly HomeAt[] {
  return homes.flatMap((home) => {
    const planned = targets.find((target) => isSameTarget(home, target));
    return planned === undefined ? [] : [{ planned, home }];
  });
}

/** The home that is at one of the targets; null = none is. */
export function homeAt(homes: readonly HomeAt[], planned: PlannedTarget): SessionHome | null {
  for (const each of homes) {
    if (each.planned === planned) return each.home;
  }
  return null;
}

function isSameTarget(one: Target, other: Target): boolean {
  return (
    one.upstreamModel === other.upstreamModel &&
    one.account === other.account &&
    one.provider === other.provider
  );
}
