import type { ModelPrices } from '../../config/prices/model-prices.ts';
import type { PriceList } from '../../config/prices/price-list.ts';
import { TOKEN_PARTS, type TokenPart } from '../../config/prices/rates.ts';
import { formatUsd, type Picodollars } from '../../schemas/money.ts';
import { isProviderId, type ProviderId } from '../../schemas/provider.ts';
import type { RunningTally } from '../state/tally.ts';

/** A model at a provider. */
export interface Place {
  readonly provider: ProviderId;
  readonly upstreamModel: string;
}

/** Tokens of entries that a price list is asked about. */
export type Tokens = Readonly<Pick<RunningTally, 'entries' | 'webSearchRequests' | TallyField>>;

type TallyField = (typeof FIELDS)[TokenPart];

const FIELDS = {
  input: 'inputTokens',
  cacheRead: 'cacheReadInputTokens',
  cacheWrite5m: 'cacheCreation5mInputTokens',
  cacheWrite1h: 'cacheCreation1hInputTokens',
  output: 'outputTokens',
} as const satisfies Record<TokenPart, keyof RunningTally>;
const NAMES: Readonly<Record<TokenPart, string>> = {
  input: 'input',
  cacheRead: 'cache read',
  cacheWrite5m: '5-minute cache write',
  cacheWrite1h: '1-hour cache write',
  output: 'output',
};
const TOKENS_PER_PRICE = 1_000_000n;

/** Takes a key of dimension `providerModel` apart; null = it is none. */
export function placeOf(providerModel: string): Place | null {
  const slash = providerModel.indexOf('/');
  const provider = providerModel.slice(0, slash);
  if (slash < 0 || !isProviderId(provider)) return null;
  return { provider, upstreamModel: providerModel.slice(slash + 1) };
}

/** All tokens that a tally holds. */
export function tokensIn(tokens: Tokens): number {
  return TOKEN_PARTS.reduce((sum, part) => sum + tokens[FIELDS[part]], 0);
}

/** Today's prices of a place, of the tier of these entries' average prompt. */
export function pricesAt(place: Place, tokens: Tokens, prices: PriceList): ModelPrices {
  const promptTokens = tokensIn(tokens) - tokens.outputTokens;
  return prices.pricesOf({ ...place, inputTokens: promptTokens / Math.max(1, tokens.entries) });
}

/** What tokens cost at prices. */
export function priceOfTokens(tokens: Tokens, prices: ModelPrices): Picodollars {
  return TOKEN_PARTS.reduce(
    (sum, part) => sum + BigInt(tokens[FIELDS[part]]) * prices[part],
    BigInt(tokens.webSearchRequests) * prices.perWebSearch,
  );
}

/** The sum of `priceOfTokens` as one writes it down: `1,000 input × $3/M + 20 output × $15/M`. */
export function arithmetic(tokens: Tokens, prices: ModelPrices): string {
  const parts = TOKEN_PARTS.filter((part) => tokens[FIELDS[part]] > 0).map((part) => {
    const perMillion = formatUsd(prices[part] * TOKENS_PER_PRICE);
    return `${countText(tokens[FIELDS[part]])} ${NAMES[part]} × $${perMillion}/M`;
  });
  const searches = tokens.webSearchRequests;
  if (searches > 0)
    parts.push(`${countText(searches)} searches × $${formatUsd(prices.perWebSearch)}`);
  return parts.join(' + ');
}

/** A count with commas between thousands. */
export function countText(count: number): string {
  return count.toLocaleString('en-US');
}
