import { parseDecimal, parseUsd } from '../../schemas/money.ts';
import { adapterOf, type ProviderId } from '../../schemas/provider.ts';
import { matchesGlob } from '../glob.ts';
import { isPrivate } from '../hosts.ts';
import type { PriceEntry } from './price-entry.ts';
import type { Quote, QuotedRates } from './rates.ts';

/** What an entry is held against. `spellings` are those of `priceSpellings`, `host` is null where unknown. */
export interface EntryQuery {
  readonly provider: ProviderId;
  readonly spellings: readonly string[];
  readonly host: string | null;
  readonly atMs: number;
}

/** Whether an entry holds for a model at a provider then. */
export function fitsEntry(entry: PriceEntry, query: EntryQuery): boolean {
  const { provider, host, atMs } = query;
  const from = entry.effectiveFrom;
  if (from !== undefined && atMs < Date.parse(`${from}T00:00:00Z`)) return false;
  const providers = entry.providers ?? (entry.provider === undefined ? null : [entry.provider]);
  const names: readonly string[] = [provider, adapterOf(provider)];
  if (providers !== null && !providers.some((id) => names.includes(id))) return false;
  if (entry.hosts !== undefined && !entry.hosts.some((each) => isHostOf(each, host))) return false;
  return patternOf(entry, query) !== null;
}

/** The pattern of an entry that a model's name matches; null = none does. */
export function patternOf(entry: PriceEntry, { spellings }: EntryQuery): string | null {
  const patterns = typeof entry.match === 'string' ? [entry.match] : entry.match;
  const isMatch = (pattern: string): boolean =>
    spellings.some((spelling) => matchesGlob(pattern, spelling));
  return patterns.find(isMatch) ?? null;
}

/** The prices of an entry; null = it has none, only factors. */
export function entryQuote(entry: PriceEntry): Quote | null {
  const { input, output } = entry;
  if (input === undefined || output === undefined) return null;
  const base = { aboveInputTokens: 0, rates: quotedRates({ ...entry, input, output }) };
  const above = (entry.tiers ?? []).map((tier) => ({
    aboveInputTokens: tier.aboveInputTokens,
    rates: quotedRates(tier),
  }));
  const { perWebSearch } = entry;
  return {
    tiers: [base, ...above],
    perWebSearch: perWebSearch === undefined ? null : parseUsd(perWebSearch),
  };
}

type Priced = Pick<PriceEntry, 'cacheRead' | 'cacheWrite5m' | 'cacheWrite1h'> &
  Readonly<{ input: string; output: string }>;

function quotedRates(priced: Priced): QuotedRates {
  const rate = (text: string): bigint => parseDecimal(text, 6);
  const rateOrNone = (text: string | undefined): bigint | undefined =>
    text === undefined ? undefined : rate(text);
  return {
    input: rate(priced.input),
    output: rate(priced.output),
    cacheRead: rateOrNone(priced.cacheRead),
    cacheWrite5m: rateOrNone(priced.cacheWrite5m),
    cacheWrite1h: rateOrNone(priced.cacheWrite1h),
  };
}

function isHostOf(pattern: string, host: string | null): boolean {
  if (host === null) return false;
  return pattern === 'private' ? isPrivate(host) : matchesGlob(pattern, host);
}
