/**
 * Four providers of one model. All is of the order of what can be looked up in 2026: prices as these providers ask for
 * them, speeds as OpenRouter's statistics show for Claude Sonnet at several hosts, limits as of a middle tier.
 */

import { resolveModel } from '../../config/model-mapping.ts';
import type { PriceEntry } from '../../config/prices/price-entry.ts';
import { createPriceList, type PriceList } from '../../config/prices/price-list.ts';
import type { RateLimits } from '../../sandbox/behaviour.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import type { Target } from '../../schemas/target.ts';
import type { LimitDialect } from './limit-headers.ts';

/** The model that all sessions ask for. */
export const MODEL = 'claude-sonnet-5-5';
/** When the day begins: a price list knows dates. */
export const DAY_START_MS = Date.UTC(2026, 10, 26, 8);

/** A simulated provider. */
export interface ProviderProfile {
  readonly target: Target;
  /** What it charges, as a multiple of the maker's price. */
  readonly priceFactor: number;
  /** Of a short prompt. */
  readonly firstContentMs: number;
  /** Prompt tokens that it reads in a second when they are not cached. */
  readonly prefillTokensPerSecond: number;
  readonly outputTokensPerSecond: number;
  /** Requests of ours at once that halve its speed: a small server has little to spare. */
  readonly halvedBy: number;
  readonly limits: RateLimits;
  /** Its input limit leaves out what was cached. */
  readonly isCacheFree: boolean;
  readonly dialect: LimitDialect;
}

function profile(provider: ProviderId, rest: Omit<ProviderProfile, 'target'>): ProviderProfile {
  const { upstreamModel } = resolveModel(MODEL, provider);
  return { target: { provider, account: 'KEY_1', upstreamModel }, ...rest };
}

/** In the configured order: the maker first. */
export const PROVIDERS: readonly ProviderProfile[] = [
  profile('anthropic', {
    priceFactor: 1,
    firstContentMs: 1_300,
    prefillTokensPerSecond: 20_000,
    outputTokensPerSecond: 66,
    halvedBy: 400,
    limits: {
      requestsPerMinute: 1_000,
      inputTokensPerMinute: 200_000,
      outputTokensPerMinute: 40_000,
    },
    isCacheFree: true,
    dialect: 'anthropic',
  }),
  profile('vertex-claude', {
    priceFactor: 1.1,
    firstContentMs: 1_100,
    prefillTokensPerSecond: 24_000,
    outputTokensPerSecond: 74,
    halvedBy: 400,
    limits: {
      requestsPerMinute: 60,
      inputTokensPerMinute: 250_000,
      outputTokensPerMinute: 30_000,
    },
    isCacheFree: true,
    dialect: 'none',
  }),
  profile('openrouter', {
    priceFactor: 1.055,
    firstContentMs: 1_700,
    prefillTokensPerSecond: 18_000,
    outputTokensPerSecond: 60,
    halvedBy: 400,
    limits: {
      requestsPerMinute: 500,
      inputTokensPerMinute: 6_000_000,
      outputTokensPerMinute: 200_000,
    },
    isCacheFree: false,
    dialect: 'openai',
  }),
  profile('openai-compatible-budget', {
    priceFactor: 0.85,
    firstContentMs: 2_200,
    prefillTokensPerSecond: 12_000,
    outputTokensPerSecond: 48,
    halvedBy: 30,
    limits: {
      requestsPerMinute: 20,
      inputTokensPerMinute: 500_000,
      outputTokensPerMinute: 8_000,
    },
    isCacheFree: false,
    dialect: 'openai',
  }),
];

/** US dollars per million tokens at the maker. Source: Anthropic's pricing page, 2026-11. */
const MAKER = { input: 2, output: 10, cacheRead: 0.1, cacheWrite5m: 2.5, cacheWrite1h: 4 };

function entryOf({ target, priceFactor }: ProviderProfile): PriceEntry {
  const price = (usd: number): string => (usd * priceFactor).toFixed(6);
  return {
    provider: target.provider,
    match: target.upstreamModel,
    input: price(MAKER.input),
    output: price(MAKER.output),
    cacheRead: price(MAKER.cacheRead),
    cacheWrite5m: price(MAKER.cacheWrite5m),
    cacheWrite1h: price(MAKER.cacheWrite1h),
    source: 'bench/routing/providers.ts',
    asOf: '2026-11-26',
  };
}

/** What they charge: for those who route and for the bill alike. */
export const PRICES: PriceList = createPriceList({
  userOverlay: PROVIDERS.map(entryOf),
  region: null,
  now: () => DAY_START_MS,
});
