import { type Picodollars, parseFactor, times } from '../../schemas/money.ts';

/** The parts of a prompt and its answer that have a price per token. */
export const TOKEN_PARTS = [
  'input',
  'cacheRead',
  'cacheWrite5m',
  'cacheWrite1h',
  'output',
] as const;
/** One of TOKEN_PARTS. */
export type TokenPart = (typeof TOKEN_PARTS)[number];
/** Picodollars per token, by part. */
export type Rates = Readonly<Record<TokenPart, Picodollars>>;

/** What a list says, in picodollars per token; a part that it leaves out is missing. */
export type QuotedRates = Readonly<
  Pick<Rates, 'input' | 'output'> & Partial<Record<TokenPart, Picodollars | undefined>>
>;

/** Rates for prompts of more than `aboveInputTokens` tokens. */
export interface RateTier<Kind = Rates> {
  readonly aboveInputTokens: number;
  readonly rates: Kind;
}

/** What a list says of a model, the tier from 0 tokens first. `perWebSearch` in picodollars; null = not said. */
export interface Quote {
  readonly tiers: readonly RateTier<QuotedRates>[];
  readonly perWebSearch: Picodollars | null;
}

/** Claude's factors over input. Source: Anthropic's pricing page, 2026-11. */
const CLAUDE_READ = parseFactor('0.1');
const CLAUDE_WRITE_5M = parseFactor('1.25');
const CLAUDE_WRITE_1H = parseFactor('2');

/**
 * Fills in what a list leaves out: Claude's caches by Anthropic's factors; with others a cached token costs what input
 * does, since nobody said less.
 */
export function completeRates(quoted: QuotedRates, isClaude: boolean): Rates {
  const { input, output } = quoted;
  const write5m = quoted.cacheWrite5m ?? (isClaude ? times(input, CLAUDE_WRITE_5M) : input);
  const write1h = quoted.cacheWrite1h ?? (isClaude ? times(input, CLAUDE_WRITE_1H) : write5m);
  return {
    input,
    cacheRead: quoted.cacheRead ?? (isClaude ? times(input, CLAUDE_READ) : input),
    // OpenRouter lists for Gemini's writes what the storage costs beside the input.
    cacheWrite5m: atLeast(input, write5m),
    cacheWrite1h: atLeast(input, write1h),
    output,
  };
}

/** Rates times a factor of `parseFactor`. */
export function timesRates(rates: Rates, factor: bigint): Rates {
  const entries = TOKEN_PARTS.map((part) => [part, times(rates[part], factor)]);
  return Object.fromEntries(entries) as Rates; // the parts of TOKEN_PARTS
}

function atLeast(least: Picodollars, value: Picodollars): Picodollars {
  return value < least ? least : value;
}
