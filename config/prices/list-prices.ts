import type { ModelPrice, PriceCalculation } from '@pydantic/genai-prices';
import { parseDecimal, parseUsd } from '../../schemas/money.ts';
import { adapterOf, type BuiltInProviderId, type ProviderId } from '../../schemas/provider.ts';
import type { ListPlace, ListTable } from './list-table.ts';
import { canonicalName } from './model-spellings.ts';
import type { Quote, QuotedRates, RateTier, TokenPart } from './rates.ts';

/** What the list says of a model. `isExact` false = it is the price of another model, or of the model elsewhere. */
export interface ListPrice {
  readonly quote: Quote;
  readonly matchedModel: string;
  readonly isExact: boolean;
}

/** Whom to ask about, when. `address` is the provider's base URL; null = unknown. */
export interface ListQuery {
  readonly provider: ProviderId;
  readonly model: string;
  readonly address: string | null;
  readonly atMs: number;
}

/** What the list calls the providers that it knows. */
export const LIST_NAMES: Readonly<Partial<Record<BuiltInProviderId, string>>> = {
  anthropic: 'anthropic',
  'vertex-claude': 'google',
  'vertex-gemini': 'google',
  openrouter: 'openrouter',
  'github-models': 'azure',
};
const KEYS: Readonly<Record<TokenPart, string>> = {
  input: 'input_mtok',
  cacheRead: 'cache_read_mtok',
  cacheWrite5m: 'cache_write_mtok',
  cacheWrite1h: 'cache_write_1h_mtok',
  output: 'output_mtok',
};

/**
 * Looks a model up in the list: at its provider, else at whoever makes it. Null = the list has nothing like it.
 *
 * The list finds models by the beginning of their names too; what it finds under another name is not exact. Takes about
 * 50 µs. Never throws.
 */
export function listPriceOf(query: ListQuery, table: ListTable): ListPrice | null {
  const { provider, address, atMs } = query;
  const model = query.model.replace(/:[a-z]+$/, '');
  const bare = model.slice(model.lastIndexOf('/') + 1);
  const providerId = LIST_NAMES[adapterOf(provider)];
  const isNamed = providerId !== undefined;
  const own = isNamed
    ? look(model, { providerId, atMs }, table)
    : address !== null
      ? look(model, { providerApiUrl: address, atMs }, table)
      : null;
  if (own?.isExact === true) return own;
  // Nobody knows whose prices a server without an address has, if not the maker's.
  const isMakersServer = !isNamed && address === null;
  const makers = look(bare, { atMs }, table);
  if (makers?.isExact === true) return isMakersServer ? makers : { ...makers, isExact: false };
  return own ?? makers;
}

function look(model: string, place: ListPlace, table: ListTable): ListPrice | null {
  let found: PriceCalculation | null;
  try {
    found = table.find(model, place);
  } catch {
    // A broken row of the list, or a time that is none: the model counts as unknown, and that is told with the price.
    return null;
  }
  const quote = found === null ? null : quoteOf(found.model_price);
  if (found === null || quote === null) return null;
  const matchedModel = found.model.id;
  return { quote, matchedModel, isExact: canonicalName(matchedModel) === canonicalName(model) };
}

function quoteOf(prices: ModelPrice): Quote | null {
  if (prices[KEYS.input] === undefined && prices[KEYS.output] === undefined) return null;
  const starts = Object.values(KEYS).flatMap((key) => {
    const price = prices[key];
    return typeof price === 'object' ? price.tiers.map(({ start }) => start) : [];
  });
  const tiers = [...new Set([0, ...starts])]
    .toSorted((a, b) => a - b)
    .map((start): RateTier<QuotedRates> => ({ aboveInputTokens: start, rates: at(prices, start) }));
  const perThousand = prices['web_searches_kcount'];
  return {
    tiers,
    perWebSearch: typeof perThousand === 'number' ? parseUsd(`${perThousand}`) / 1000n : null,
  };
}

function at(prices: ModelPrice, start: number): QuotedRates {
  const rate = (part: TokenPart): bigint | undefined => {
    const price = prices[KEYS[part]];
    if (price === undefined) return undefined;
    const usd =
      typeof price === 'number'
        ? price
        : price.tiers.reduce((now, tier) => (tier.start <= start ? tier.price : now), price.base);
    // Dollars per million tokens with six digits after the point are picodollars per token.
    return parseDecimal(String(usd), 6);
  };
  return {
    input: rate('input') ?? 0n,
    output: rate('output') ?? 0n,
    cacheRead: rate('cacheRead'),
    cacheWrite5m: rate('cacheWrite5m'),
    cacheWrite1h: rate('cacheWrite1h'),
  };
}
