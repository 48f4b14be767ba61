import type { RequestFacts } from '../../schemas/envelope.ts';
import type { Picodollars } from '../../schemas/money.ts';
import { LIMITS } from '../limits.ts';
import type { ModelPrices } from './model-prices.ts';

const HOUR_MS = 3_600_000;

/**
 * What a request may cost at most, as far as can be told: its whole prompt written to the cache, and as much output as it asks
 * for, up to `budgetOutputTokensMax`. The same in workers, which set it aside, and ingresses, which hold requests to budgets.
 */
export function highestCost(
  facts: Pick<RequestFacts, 'inputTokensEstimate' | 'maxOutputTokens' | 'cacheTtlMs'>,
  prices: Pick<ModelPrices, 'input' | 'cacheWrite5m' | 'cacheWrite1h' | 'output'>,
): Picodollars {
  const { inputTokensEstimate, maxOutputTokens, cacheTtlMs } = facts;
  const { input, output } = prices;
  const write = cacheTtlMs >= HOUR_MS ? prices.cacheWrite1h : prices.cacheWrite5m;
  const outputMax = LIMITS.budgetOutputTokensMax;
  const outputTokens = maxOutputTokens > 0 ? Math.min(maxOutputTokens, outputMax) : outputMax;
  return (
    BigInt(inputTokensEstimate) * (write > input ? write : input) + BigInt(outputTokens) * output
  );
}
