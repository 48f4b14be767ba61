import type { TokenPrices } from '../config/prices/token-prices.ts';
import type { RouteRequest } from '../schemas/envelope.ts';
import type { Target } from '../schemas/target.ts';
import { type FactsContext, factsOf, homeAt } from './candidate-facts.ts';
import { hashOf, hashOfBoth, shareOf } from './hash.ts';
import type { CircuitStanding, Forecast, SessionHome, TokenNeed } from './knowledge.ts';
import type { PlannedTarget } from './plan.ts';
import { type Standing, standingOf } from './standing.ts';
import type { Candidate } from './strategy.ts';

/** A target that can serve the request, with how it stands and what a strategy may look at. */
export interface Assessed extends Candidate {
  readonly planned: PlannedTarget;
  readonly circuit: CircuitStanding;
  readonly forecast: Forecast;
  readonly standing: Standing;
}

/** Asks what is known about each target. */
export function assess(
  targets: readonly PlannedTarget[],
  request: RouteRequest,
  context: FactsContext,
): readonly Assessed[] {
  const { knowledge, need, nowMs, homes } = context;
  const isRetry = request.failed.length > 0;
  const requestHash = hashOf(request.requestId);
  const pricesAt = pricesOncePerModel(context);
  const [last] = homes;
  return targets.map((planned): Assessed => {
    const cachedAt = homeAt(homes, planned);
    const circuit = knowledge.circuit(planned, nowMs);
    const forecast = knowledge.forecast(planned, needAt(cachedAt, need), nowMs);
    const standing = standingOf({
      circuit,
      forecast,
      isHome: last === undefined ? null : planned === last.planned,
      lacksRetryBudget: isRetry && !knowledge.hasRetryBudget(planned, nowMs),
      share: shareOf(hashOfBoth(requestHash, planned.hash)),
    });
    const prices = pricesAt(planned);
    const known = { standing, forecast, weight: circuit.weight, cachedAt, prices };
    return {
      provider: planned.provider,
      account: planned.account,
      upstreamModel: planned.upstreamModel,
      model: planned.model,
      chainIndex: planned.chainIndex,
      hash: planned.hash,
      facts: factsOf(planned, known, context),
      planned,
      circuit,
      forecast,
      standing,
    };
  });
}

/** What a request takes of a target's windows: some leave out what is cached there. */
export function needAt(home: SessionHome | null, need: TokenNeed): TokenNeed {
  if (home === null) return need;
  return { ...need, cachedInputTokens: Math.min(home.cachedTokens, need.inputTokens) };
}

// Accounts of a provider follow each other, and their prices are the same.
function pricesOncePerModel({ policy, facts }: FactsContext): (target: Target) => TokenPrices {
  const inputTokens = facts.inputTokensEstimate;
  let last: Target | null = null;
  let prices: TokenPrices | null = null;
  return (target) => {
    const { provider, upstreamModel } = target;
    const isKnown = last?.provider === provider && last.upstreamModel === upstreamModel;
    if (prices === null || !isKnown)
      prices = policy.prices({ provider, upstreamModel, inputTokens });
    last = target;
    return prices;
  };
}
