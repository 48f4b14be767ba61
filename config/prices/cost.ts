import type { Picodollars } from '../../schemas/money.ts';
import { adapterOf, type ProviderId } from '../../schemas/provider.ts';
import type { Usage } from '../../schemas/usage.ts';
import type { ModelPrices, PriceSource } from './model-prices.ts';
import type { PriceList } from './price-list.ts';
import { TOKEN_PARTS, type TokenPart } from './rates.ts';
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

const COUNTS: Readonly<Record<TokenPart, keyof TokenCounts>> = {
  input: 'inputTokens',
  cacheRead: 'cacheReadInputTokens',
  cacheWrite5m: 'cacheCreation5mInputTokens',
  cacheWrite1h: 'cacheCreation1hInputTokens',
  output: 'outputTokens',
};

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
  const { raw, responseModel, upstreamModel } = context;
  const terms = {
    provider: context.provider,
    atMs: context.atMs,
    region: inferenceRegion(raw) ?? context.region,
    modes: modesOf(raw),
  };
  const pricesFor = (model: string | null, tokens: TokenCounts): ModelPrices => {
    const inputTokens = promptTokens(tokens);
    if (model !== null) return list.pricesOf({ ...terms, upstreamModel: model, inputTokens });
    const asked = list.pricesOf({ ...terms, upstreamModel, inputTokens });
    if (!asked.isFallback || responseModel === null) return asked;
    const answered = list.pricesOf({ ...terms, upstreamModel: responseModel, inputTokens });
    return answered.isFallback ? asked : answered;
  };
  const iterations = iterationsOf(raw);
  const calls = [
    ...iterations,
    {
      model: null,
      tokens: left(
        usage,
        iterations.map(({ tokens }) => tokens),
      ),
    },
  ];
  const parts = noParts();
  let isFallback = false;
  for (const { model, tokens } of calls) {
    if (promptTokens(tokens) + tokens.outputTokens === 0) continue;
    const prices = pricesFor(model, tokens);
    isFallback ||= prices.isFallback;
    for (const part of TOKEN_PARTS) {
      const count = amount(tokens[COUNTS[part]]);
      if (count > 0n) parts[part] += count * prices[part];
    }
  }
  const own = pricesFor(null, usage);
  parts.webSearch = amount(usage.webSearchRequests) * own.perWebSearch;
  return { parts, source: own.source, isFallback: isFallback || own.isFallback };
}

/** What the calls of a request do not account for; all of it where there are none. */
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

function noParts(): Record<keyof CostParts, Picodollars> {
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
  return COST_PARTS.reduce((sum, part) => sum + parts[part], 0n);
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
