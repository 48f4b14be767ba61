import { createHash } from 'node:crypto';
import { adapterOf } from '../../schemas/provider.ts';
import { LIMITS } from '../limits.ts';
import { createMemory } from '../memory.ts';
import { FALLBACK_PRICES } from './fallback-prices.ts';
import { LIST_VERSION } from './list-prices.ts';
import type { ModelPrices, PriceQuery } from './model-prices.ts';
import { loadOverlay, type PriceEntry } from './price-entry.ts';
import { inModes, makeRateCard, type RateCard, WEB_SEARCH_USD } from './rate-card.ts';

/** What a price list is made of. All but the operator's part has a default. */
export interface PriceListOptions {
  readonly overlay?: readonly PriceEntry[];
  /** The operator's own entries: they go in front. */
  readonly userOverlay?: readonly PriceEntry[];
  /** Region of the Vertex providers. */
  readonly region?: string | null;
  /** Base URLs by provider; entries with `hosts` hold only where one is known. */
  readonly addresses?: Readonly<Record<string, string>>;
  readonly now?: () => number;
}

/** Prices of all models at all providers. */
export interface PriceList {
  /** Digest of everything that makes up the prices, 16 hex digits. */
  readonly version: string;
  /** Never throws; a model that nobody lists has a price that is flagged. Equal questions get the same object. */
  pricesOf(query: PriceQuery): ModelPrices;
}

/** Prices change at quarters of an hour at the most often: the list has times of day. */
const SLOT_MS = 900_000;
/** Creates a price list: the operator's entries first, then ours, then the list of genai-prices, then a guess. */
export function createPriceList(options: PriceListOptions = {}): PriceList {
  const { userOverlay = [], overlay = loadOverlay(), addresses = {}, now = Date.now } = options;
  const entries = [
    ...userOverlay.map((entry) => ({ entry, source: 'user' as const })),
    ...overlay.map((entry) => ({ entry, source: 'overlay' as const })),
  ];
  const cards = createMemory<RateCard>(LIMITS.pricesKnownMax);

  return {
    version: digestOf(userOverlay, overlay),
    pricesOf({ provider, upstreamModel, inputTokens = 0, atMs = now(), modes = [], ...rest }) {
      const isVertex = adapterOf(provider).startsWith('vertex-');
      const region = rest.region === undefined && isVertex ? options.region : rest.region;
      const slot = Number.isFinite(atMs) ? Math.floor(atMs / SLOT_MS) : 0;
      const key = `${provider} ${upstreamModel} ${region ?? ''} ${slot}`;
      const card = cards(entries, key, () =>
        makeRateCard(entries, {
          provider,
          model: upstreamModel,
          region: region ?? null,
          address: addresses[provider] ?? null,
          atMs: slot * SLOT_MS,
        }),
      );
      const tier = card.tiers.find(({ aboveInputTokens }) => inputTokens > aboveInputTokens);
      const prices = (tier ?? card.tiers.at(-1))?.rates;
      if (prices === undefined) throw new Error('a rate card has no tier'); // it has one from 0 on
      return modes.length === 0 ? prices : inModes(prices, modes, card.factors);
    },
  };
}

function digestOf(...parts: readonly (readonly PriceEntry[])[]): string {
  const text = JSON.stringify([LIST_VERSION, FALLBACK_PRICES, WEB_SEARCH_USD, parts]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
