import type { Picodollars } from '../../schemas/money.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import type { Rates } from './rates.ts';

/** Ways of serving a request that have prices of their own. */
export const PRICE_MODES = ['batch', 'fast', 'priority', 'flex'] as const;
/** One of PRICE_MODES. */
export type PriceMode = (typeof PRICE_MODES)[number];
/** Where a price comes from: the operator's file, our corrections, the list, or a guess by the name. */
export type PriceSource = 'user' | 'overlay' | 'genai-prices' | 'fallback';

/** Picodollars per token by part and for one web search. */
export interface ModelPrices extends Rates {
  readonly perWebSearch: Picodollars;
  readonly source: PriceSource;
  /** It is not known to be the price of this model at this provider, only the nearest there is. */
  readonly isFallback: boolean;
  /** The model or pattern whose price it is; null = a guess. */
  readonly matchedModel: string | null;
}

/** What a price is asked for. */
export interface PriceQuery {
  readonly provider: ProviderId;
  /** As the provider is asked for it. */
  readonly upstreamModel: string;
  /** Tokens of the whole prompt, cached ones too: they decide about the tier. Default 0. */
  readonly inputTokens?: number | undefined;
  /** Unix milliseconds; default now. */
  readonly atMs?: number | undefined;
  /** Null or `global` = no surcharge; default the list's own where the provider has regions. */
  readonly region?: string | null | undefined;
  readonly modes?: readonly PriceMode[];
}
