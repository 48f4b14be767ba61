import { costOf } from '../config/prices/cost.ts';
import { highestCost } from '../config/prices/highest-cost.ts';
import type { PriceList } from '../config/prices/price-list.ts';
import type { Dispatch } from '../schemas/envelope.ts';
import type { Reservation } from '../schemas/ledger.ts';
import { writePicodollars } from '../schemas/money.ts';
import type { Target } from '../schemas/target.ts';
import { NO_USAGE } from '../schemas/usage.ts';
import { expectedPromptOf } from './prompt-estimate.ts';

/** Whose attempt it is, as the client and the provider name the model. */
export interface ReservedFor extends Target {
  readonly requestModel: string;
  readonly startedAtMs: number;
}

/**
 * Sets aside what an attempt may cost: at most what `highestCost` says; and if nobody ever says, its prompt alone, with what is
 * likely cached of it. Pure.
 */
export function reservationOf(
  dispatch: Dispatch,
  { provider, account, requestModel, upstreamModel, startedAtMs }: ReservedFor,
  prices: PriceList,
): Reservation {
  const { requestId, attempt, facts, clientKeyId } = dispatch;
  const { inputTokensEstimate, sessionId, requestClass } = facts;
  const modelPrices = prices.pricesOf({
    provider,
    upstreamModel,
    inputTokens: inputTokensEstimate,
    atMs: startedAtMs,
  });
  const target = { provider, upstreamModel, startedAtMs };
  const { inputTokens, ...cache } = expectedPromptOf(dispatch, target, prices);
  const context = { ...target, responseModel: null, raw: null, atMs: startedAtMs };
  const ifLost = costOf({ ...NO_USAGE, ...cache, inputTokens }, context, prices);
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
    picodollarsIfLost: writePicodollars(ifLost.picodollars),
    ...(inputTokens === inputTokensEstimate ? {} : { cacheIfLost: cache }),
    priceVersion: prices.version,
  };
}
