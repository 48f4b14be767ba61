import { highestCost } from '../config/prices/highest-cost.ts';
import type { PriceList } from '../config/prices/price-list.ts';
import type { Dispatch } from '../schemas/envelope.ts';
import type { Reservation } from '../schemas/ledger.ts';
import { writePicodollars } from '../schemas/money.ts';
import type { Target } from '../schemas/target.ts';

/** Whose attempt it is, as the client and the provider name the model. */
export interface ReservedFor extends Target {
  readonly requestModel: string;
  readonly startedAtMs: number;
}

/**
 * Sets aside what an attempt may cost: at most what `highestCost` says; and if nobody ever says, its prompt alone. Pure.
 */
export function reservationOf(
  { requestId, attempt, facts, clientKeyId }: Dispatch,
  { provider, account, requestModel, upstreamModel, startedAtMs }: ReservedFor,
  prices: PriceList,
): Reservation {
  const { inputTokensEstimate, sessionId, requestClass } = facts;
  const modelPrices = prices.pricesOf({
    provider,
    upstreamModel,
    inputTokens: inputTokensEstimate,
    atMs: startedAtMs,
  });
  return {
    attemptId: `${requestId}.${attempt}`,
    requestId,
    attempt,
    provider,
    account,
    requestModel,
    upstreamModel,
    sessionId,
    clientKeyId,
    requestClass,
    startedAtMs,
    inputTokensEstimate,
    picodollarsMax: writePicodollars(highestCost(facts, modelPrices)),
    picodollarsIfLost: writePicodollars(BigInt(inputTokensEstimate) * modelPrices.input),
    priceVersion: prices.version,
  };
}
