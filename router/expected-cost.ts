import { expectedPrompt } from '../config/prices/prompt-parts.ts';
import type { TokenPriceQuery, TokenPrices } from '../config/prices/token-prices.ts';
import type { RequestFacts } from '../schemas/envelope.ts';

/** Says what a model's tokens cost at a provider, in picodollars (10⁻¹² USD). */
export type PriceLookup = (query: TokenPriceQuery) => TokenPrices;

/** What this request will cost, in picodollars: its prompt as expected, and its answer. Counting tokens costs nothing. */
export function expectedCost(
  facts: RequestFacts,
  prices: TokenPrices,
  { cachedTokens, outputTokens }: { cachedTokens: number; outputTokens: number },
): number {
  if (facts.operation === 'count_tokens') return 0;
  const prompt = expectedPrompt(facts, cachedTokens, prices);
  return (
    prompt.inputTokens * prices.input +
    prompt.cacheReadInputTokens * prices.cacheRead +
    prompt.cacheCreation5mInputTokens * prices.cacheWrite5m +
    prompt.cacheCreation1hInputTokens * prices.cacheWrite1h +
    outputTokens * prices.output
  );
}
