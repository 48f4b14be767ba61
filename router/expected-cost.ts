import type { TokenPriceQuery, TokenPrices } from '../config/prices/token-prices.ts';
import type { RequestFacts } from '../schemas/envelope.ts';

/** Says what a model's tokens cost at a provider, in picodollars (10⁻¹² USD). */
export type PriceLookup = (query: TokenPriceQuery) => TokenPrices;

const CACHE_LONG_MS = 3_600_000;

/**
 * What this request will cost, in picodollars: the part of its prompt that is cached there is read, the rest is written
 * where the request asks for a cache, else it is plain input. Counting tokens costs nothing.
 */
export function expectedCost(
  facts: RequestFacts,
  prices: TokenPrices,
  { cachedTokens, outputTokens }: { cachedTokens: number; outputTokens: number },
): number {
  if (facts.operation === 'count_tokens') return 0;
  const readTokens = Math.min(cachedTokens, facts.inputTokensEstimate);
  const freshTokens = facts.inputTokensEstimate - readTokens;
  return (
    readTokens * prices.cacheRead +
    freshTokens * freshPrice(facts.cacheTtlMs, prices) +
    outputTokens * prices.output
  );
}

function freshPrice(cacheTtlMs: number, prices: TokenPrices): number {
  if (cacheTtlMs <= 0) return prices.input;
  return cacheTtlMs >= CACHE_LONG_MS ? prices.cacheWrite1h : prices.cacheWrite5m;
}
