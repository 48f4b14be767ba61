import type { ProviderId } from '../../schemas/provider.ts';
import type { ModelPrices } from './model-prices.ts';
import type { PriceList } from './price-list.ts';
import type { TokenPart } from './rates.ts';

/** Picodollars per token, as numbers: for comparing, not for adding up. */
export type TokenPrices = Readonly<Record<TokenPart, number>>;

/** What a request would be priced by: `inputTokens` are those of its whole prompt. */
export interface TokenPriceQuery {
  readonly provider: ProviderId;
  readonly upstreamModel: string;
  readonly inputTokens: number;
}

/** Creates the router's view of a price list: today's prices, under a microsecond once known. */
export function createTokenPrices(list: PriceList): (query: TokenPriceQuery) => TokenPrices {
  // The list gives the same object for the same prices.
  const known = new WeakMap<ModelPrices, TokenPrices>();
  return (query) => {
    const prices = list.pricesOf(query);
    const found = known.get(prices);
    if (found !== undefined) return found;
    const numbers: TokenPrices = Object.freeze({
      input: Number(prices.input),
      cacheRead: Number(prices.cacheRead),
      cacheWrite5m: Number(prices.cacheWrite5m),
      cacheWrite1h: Number(prices.cacheWrite1h),
      output: Number(prices.output),
    });
    known.set(prices, numbers);
    return numbers;
  };
}
