import { createHash } from 'node:crypto';
import { adapterOf, type ProviderId } from '../../schemas/provider.ts';
import { LIMITS } from '../limits.ts';
import { createMemory } from '../memory.ts';
import { FALLBACK_PRICES } from './fallback-prices.ts';
import { type ListInUse, type ListTable, SHIPPED_LIST } from './list-table.ts';
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
  /** The list of genai-prices; default the one that ships. */
  readonly list?: ListInUse;
  readonly now?: () => number;
}

/** Prices of all models at all providers. */
export interface PriceList {
  /** Digest of everything that makes up the prices, 16 hex digits: it changes with the list in use. */
  readonly version: string;
  /** `checkedAtMs` of the list in use. */
  readonly checkedAtMs: number | null;
  /** Never throws; a model that nobody lists has a price that is flagged. Equal questions get the same object. */
  pricesOf(query: PriceQuery): ModelPrices;
}

/** Prices change at quarters of an hour at the most often: the list has times of day. */
const SLOT_MS = 900_000;
/** Creates a price list: the operator's entries first, then ours, then the list of genai-prices, then a guess. */
export function createPriceList(options: PriceListOptions = {}): PriceList {
  const { userOverlay = [], overlay = loadOverlay(), addresses = {}, now = Date.now } = options;
  const { list = SHIPPED_LIST } = options;
  const entries = [
    ...userOverlay.map((entry) => ({ entry, source: 'user' as const })),
    ...overlay.map((entry) => ({ entry, source: 'overlay' as const })),
  ];
  const cards = createMemory<RateCard>(LIMITS.pricesKnownMax);
  const versions = createMemory<string>(1);
  // One attempt asks many times for the same.
  let last: Found | null = null;

  return {
    get version() {
      const { table } = list;
      return versions(table, '', () => digestOf(table, userOverlay, overlay));
    },
    get checkedAtMs() {
      return list.checkedAtMs;
    },
    pricesOf({ provider, upstreamModel, inputTokens = 0, atMs = now(), modes = [], ...rest }) {
      const isVertex = adapterOf(provider).startsWith('vertex-');
      const region = rest.region === undefined && isVertex ? options.region : rest.region;
      const slot = Number.isFinite(atMs) ? Math.floor(atMs / SLOT_MS) : 0;
      const { table } = list;
      const asked = { table, provider, upstreamModel, region: region ?? null, slot };
      if (last === null || !isSame(last, asked)) {
        const key = `${provider} ${upstreamModel} ${region ?? ''} ${slot}`;
        const card = cards(table, key, () => {
          const address = addresses[provider] ?? null;
          const query = { provider, model: upstreamModel, region: asked.region, address };
          return makeRateCard(entries, { ...query, atMs: slot * SLOT_MS }, table);
        });
        last = { ...asked, card };
      }
      const { card } = last;
      const tier = card.tiers.find(({ aboveInputTokens }) => inputTokens > aboveInputTokens);
      const prices = (tier ?? card.tiers.at(-1))?.rates;
      if (prices === undefined) throw new Error('a rate card has no tier'); // it has one from 0 on
      return modes.length === 0 ? prices : inModes(prices, modes, card.factors);
    },
  };
}

/** What a rate card depends on. */
interface Asked {
  readonly table: ListTable;
  readonly provider: ProviderId;
  readonly upstreamModel: string;
  readonly region: string | null;
  readonly slot: number;
}

interface Found extends Asked {
  readonly card: RateCard;
}

function isSame(found: Found, asked: Asked): boolean {
  return (
    found.upstreamModel === asked.upstreamModel &&
    found.provider === asked.provider &&
    found.region === asked.region &&
    found.slot === asked.slot &&
    found.table === asked.table
  );
}

function digestOf(table: ListTable, ...parts: readonly (readonly PriceEntry[])[]): string {
  const text = JSON.stringify([table.version, FALLBACK_PRICES, WEB_SEARCH_USD, parts]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
