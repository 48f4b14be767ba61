import { type Picodollars, parseFactor, parseUsd } from '../../schemas/money.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import { bareName, isClaudeName } from '../claude-names.ts';
import { type EntryQuery, entryQuote, fitsEntry, patternOf } from './entry-search.ts';
import { fallbackQuote } from './fallback-prices.ts';
import { listPriceOf } from './list-prices.ts';
import type { ListTable } from './list-table.ts';
import type { ModelPrices, PriceMode, PriceSource } from './model-prices.ts';
import { priceSpellings } from './model-spellings.ts';
import type { PriceEntry } from './price-entry.ts';
import { completeRates, type Quote, type Rates, type RateTier, timesRates } from './rates.ts';

/** What a search costs where nobody says, in US dollars. Source: Anthropic's and OpenAI's price, 2026-11. */
export const WEB_SEARCH_USD = '0.01';
const GLOBAL = 'global';

/** The prices of one model at one provider at one time. */
export interface RateCard {
  /** Highest tier first; the last is for any prompt. */
  readonly tiers: readonly RateTier<ModelPrices>[];
  readonly factors: Readonly<Record<PriceMode, bigint>>;
}

/** What a card is made for. `region` null = no surcharge; `address` is the provider's base URL, null = unknown. */
export interface CardQuery {
  readonly provider: ProviderId;
  readonly model: string;
  readonly region: string | null;
  readonly address: string | null;
  readonly atMs: number;
}

/** An entry and whose it is. */
export interface SourcedEntry {
  readonly entry: PriceEntry;
  readonly source: 'user' | 'overlay';
}

interface Found {
  readonly quote: Quote;
  readonly source: PriceSource;
  readonly isFallback: boolean;
  readonly matchedModel: string | null;
}

/** Makes the card from the first entries that fit, else from the list, else from the name. Takes some 100 µs. */
export function makeRateCard(
  entries: readonly SourcedEntry[],
  query: CardQuery,
  table: ListTable,
): RateCard {
  const { provider, model, region, address, atMs } = query;
  const host = address !== null && URL.canParse(address) ? new URL(address).hostname : null;
  const search = { provider, spellings: priceSpellings(model), host, atMs };
  const fitting = entries.filter(({ entry }) => fitsEntry(entry, search));
  const said = (name: PriceMode | 'regional' | 'perWebSearch'): string | undefined =>
    fitting.find(({ entry }) => entry[name] !== undefined)?.entry[name];
  const factor = (name: PriceMode | 'regional'): bigint => parseFactor(said(name) ?? '1');
  const perWebSearch = said('perWebSearch');
  const priced = fitting.find(({ entry }) => entry.input !== undefined);
  const found = (priced === undefined ? null : ofEntry(priced, search)) ?? listed(query, table);
  return {
    tiers: pricedTiers(found, {
      isClaude: isClaudeName(bareName(model)),
      surcharge: region === null || region === GLOBAL ? null : factor('regional'),
      perWebSearch: perWebSearch === undefined ? null : parseUsd(perWebSearch),
    }),
    factors: {
      batch: factor('batch'),
      fast: factor('fast'),
      priority: factor('priority'),
      flex: factor('flex'),
    },
  };
}

/** Prices in modes: each multiplies what tokens cost. */
export function inModes(
  prices: ModelPrices,
  modes: readonly PriceMode[],
  factors: RateCard['factors'],
): ModelPrices {
  let rates: Rates = prices;
  for (const mode of modes) rates = timesRates(rates, factors[mode]);
  return { ...prices, ...rates };
}

function ofEntry({ entry, source }: SourcedEntry, search: EntryQuery): Found | null {
  const quote = entryQuote(entry);
  if (quote === null) return null;
  return { quote, source, isFallback: false, matchedModel: patternOf(entry, search) };
}

function listed(query: CardQuery, table: ListTable): Found {
  const found = listPriceOf(query, table);
  if (found === null) {
    const quote = fallbackQuote(query.model);
    return { quote, source: 'fallback', isFallback: true, matchedModel: null };
  }
  const { quote, matchedModel, isExact } = found;
  return { quote, source: 'genai-prices', isFallback: !isExact, matchedModel };
}

function pricedTiers(
  { quote, ...origin }: Found,
  terms: { isClaude: boolean; surcharge: bigint | null; perWebSearch: Picodollars | null },
): readonly RateTier<ModelPrices>[] {
  const { isClaude, surcharge } = terms;
  const isFree = quote.tiers.every(({ rates }) => rates.input === 0n && rates.output === 0n);
  const perWebSearch =
    terms.perWebSearch ?? quote.perWebSearch ?? (isFree ? 0n : parseUsd(WEB_SEARCH_USD));
  return quote.tiers.toReversed().map(({ aboveInputTokens, rates }) => {
    const complete = completeRates(rates, isClaude);
    const final = surcharge === null ? complete : timesRates(complete, surcharge);
    return { aboveInputTokens, rates: Object.freeze({ ...final, perWebSearch, ...origin }) };
  });
}
