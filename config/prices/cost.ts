import type { Picodollars } from '../../schemas/money.ts';
import { adapterOf, type ProviderId } from '../../schemas/provider.ts';
import type { Usage } from '../../schemas/usage.ts';
import type { ModelPrices, PriceSource } from './model-prices.ts';
import type { PriceList } from './price-list.ts';
import { TOKEN_PARTS } from './rates.ts';
import {
  billedCost,
  inferenceRegion,
  iterationsOf,
  modesOf,
  type RawUsage,
  type TokenCounts,
} from './usage-notes.ts';

/** Parts of a cost: by tokens, web searches, and what a provider took for nothing that we can name. */
export const COST_PARTS = [...TOKEN_PARTS, 'webSearch', 'other'] as const;
/** Picodollars by part; none is negative. Reasoning is in `output`. */
export type CostParts = Readonly<Record<(typeof COST_PARTS)[number], Picodollars>>;

/** Whose usage it is. */
export interface CostContext {
  readonly provider: ProviderId;
  readonly upstreamModel: string;
  /** The model that the provider says answered; null when it never said. */
  readonly responseModel: string | null;
  /** The provider's own usage object, as it came; null when there was none. */
  readonly raw: RawUsage | null;
  /** When the request was made. Unix milliseconds. */
  readonly atMs: number;
  /** Default: the price list's. */
  readonly region?: string | null;
}

/** What a request cost. The parts add up to `picodollars` exactly. */
export interface Cost {
  readonly picodollars: Picodollars;
  readonly parts: CostParts;
  /** Version of the price list. */
  readonly priceVersion: string;
  /** `provider` = the provider's own bill. */
  readonly source: PriceSource | 'provider';
  /** A part of it has a price that is only the nearest there is. */
  readonly isFallback: boolean;
}

/**
 * Says what a request cost: OpenRouter's own bill where it sent one, else its tokens by the price list, those of
 * Anthropic's `iterations` by the model of each.
 *
 * Counts that are no whole numbers count as 0. Never throws, never negative, never rounds but for factors.
 */
export function costOf(usage: Usage, context: CostContext, list: PriceList): Cost {
  const adapter = adapterOf(context.provider);
  const { parts, source, isFallback } = priced(usage, context, list);
  const total = sumOf(parts);
  const billed = billedCost(adapter, context.raw);
  const priceVersion = list.version;
  if (billed === null) return { picodollars: total, parts, priceVersion, source, isFallback };
  return {
    picodollars: billed,
    parts: scaled(parts, { from: total, to: billed }),
    priceVersion,
    source: 'provider',
    isFallback: false,
  };
}

interface Priced {
  readonly parts: CostParts;
  readonly source: PriceSource;
  readonly isFallback: boolean;
}

function priced(usage: Usage, context: CostContext, list: PriceList): Priced {
  const { raw, responseModel, upstreamModel, provider, atMs } = context;
  const region = inferenceRegion(raw) ?? context.region;
  const modes = modesOf(raw);
  const pricesOf = (model: string, tokens: TokenCounts): ModelPrices =>
    list.pricesOf({
      provider,
      upstreamModel: model,
      inputTokens: promptTokens(tokens),
      atMs,
      region,
      modes,
    });
  const ownPrices = (tokens: TokenCounts): ModelPrices => {
    const asked = pricesOf(upstreamModel, tokens);
    if (!asked.isFallback || responseModel === null) return asked;
    const answered = pricesOf(responseModel, tokens);
    return answered.isFallback ? asked : answered;
  };
  const parts = noParts();
  const own = ownPrices(usage);
  parts.webSearch = amount(usage.webSearchRequests) * own.perWebSearch;
  const iterations = iterationsOf(raw);
  if (iterations.length === 0) {
    addTokens(parts, usage, own);
    return { parts, source: own.source, isFallback: own.isFallback };
  }
  let { isFallback } = own;
  const rest = left(
    usage,
    iterations.map(({ tokens }) => tokens),
  );
  for (const { model, tokens } of [...iterations, { model: null, tokens: rest }]) {
    if (promptTokens(tokens) + tokens.outputTokens === 0) continue;
    const prices = model === null ? ownPrices(tokens) : pricesOf(model, tokens);
    isFallback ||= prices.isFallback;
    addTokens(parts, tokens, prices);
  }
  return { parts, source: own.source, isFallback };
}

// By name: every request is priced a few times, and names that change cost more than the numbers.
function addTokens(parts: Writable<CostParts>, tokens: TokenCounts, prices: ModelPrices): void {
  parts.input += amount(tokens.inputTokens) * prices.input;
  parts.output += amount(tokens.outputTokens) * prices.output;
  if (tokens.cacheReadInputTokens > 0) {
    parts.cacheRead += amount(tokens.cacheReadInputTokens) * prices.cacheRead;
  }
  if (tokens.cacheCreation5mInputTokens > 0) {
    parts.cacheWrite5m += amount(tokens.cacheCreation5mInputTokens) * prices.cacheWrite5m;
  }
  if (tokens.cacheCreation1hInputTokens > 0) {
    parts.cacheWrite1h += amount(tokens.cacheCreation1hInputTokens) * prices.cacheWrite1h;
  }
}

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** What the calls of a request do not account for. */
function left(usage: Usage, calls: readonly TokenCounts[]): TokenCounts {
  const rest = (name: keyof TokenCounts): number =>
    calls.reduce((now, tokens) => Math.max(0, now - tokens[name]), Number(amount(usage[name])));
  return {
    inputTokens: rest('inputTokens'),
    cacheReadInputTokens: rest('cacheReadInputTokens'),
    cacheCreation5mInputTokens: rest('cacheCreation5mInputTokens'),
    cacheCreation1hInputTokens: rest('cacheCreation1hInputTokens'),
    outputTokens: rest('outputTokens'),
  };
}

/** Spreads a bill over the parts as the price list would; the remainder of the division is `other`. */
function scaled(parts: CostParts, { from, to }: { from: bigint; to: bigint }): CostParts {
  const result = noParts();
  if (from > 0n) {
    for (const part of COST_PARTS) result[part] = (parts[part] * to) / from;
  }
  result.other = to - sumOf({ ...result, other: 0n });
  return result;
}

function noParts(): Writable<CostParts> {
  return {
    input: 0n,
    cacheRead: 0n,
    cacheWrite5m: 0n,
    cacheWrite1h: 0n,
    output: 0n,
    webSearch: 0n,
    other: 0n,
  };
}

function sumOf(parts: CostParts): Picodollars {
  const { input, cacheRead, cacheWrite5m, cacheWrite1h, output, webSearch, other } = parts;
  return input + cacheRead + cacheWrite5m + cacheWrite1h + output + webSearch + other;
}

function promptTokens(tokens: TokenCounts): number {
  return (
    tokens.inputTokens +
    tokens.cacheReadInputTokens +
    tokens.cacheCreation5mInputTokens +
    tokens.cacheCreation1hInputTokens
  );
}

function amount(count: number): bigint {
  return Number.isSafeInteger(count) && count > 0 ? BigInt(count) : 0n;
}
