import type { Tally } from '../../schemas/ledger.ts';
import { type Picodollars, writePicodollars } from '../../schemas/money.ts';
import type { FinalEntry } from './ledger-event.ts';

/** Sums over final entries that go on; `schemas/ledger.ts` says what each is. */
export interface RunningTally {
  picodollars: Picodollars;
  estimatedPicodollars: Picodollars;
  entries: number;
  estimatedEntries: number;
  failedEntries: number;
  unpricedEntries: number;
  inputTokens: number;
  cacheReadInputTokens: number;
  cacheCreation5mInputTokens: number;
  cacheCreation1hInputTokens: number;
  outputTokens: number;
  reasoningOutputTokens: number;
  webSearchRequests: number;
}

/** A tally as it lies in a snapshot: money in digits, then the counts in the order of `RunningTally`. */
export type PackedTally = readonly [string, string, ...number[]];

/** Sums over nothing. */
export function emptyTally(): RunningTally {
  return {
    picodollars: 0n,
    estimatedPicodollars: 0n,
    entries: 0,
    estimatedEntries: 0,
    failedEntries: 0,
    unpricedEntries: 0,
    inputTokens: 0,
    cacheReadInputTokens: 0,
    cacheCreation5mInputTokens: 0,
    cacheCreation1hInputTokens: 0,
    outputTokens: 0,
    reasoningOutputTokens: 0,
    webSearchRequests: 0,
  };
}

/** Adds one entry. */
export function addEntry(tally: RunningTally, entry: FinalEntry): void {
  const { usage } = entry;
  tally.picodollars += entry.picodollars;
  tally.entries += 1;
  if (entry.isEstimated) {
    tally.estimatedPicodollars += entry.picodollars;
    tally.estimatedEntries += 1;
  }
  if (entry.outcome === 'failed' || entry.outcome === 'lost') tally.failedEntries += 1;
  if (entry.isUnpriced) tally.unpricedEntries += 1;
  tally.inputTokens += usage.inputTokens;
  tally.cacheReadInputTokens += usage.cacheReadInputTokens;
  tally.cacheCreation5mInputTokens += usage.cacheCreation5mInputTokens;
  tally.cacheCreation1hInputTokens += usage.cacheCreation1hInputTokens;
  tally.outputTokens += usage.outputTokens;
  tally.reasoningOutputTokens += usage.reasoningOutputTokens;
  tally.webSearchRequests += usage.webSearchRequests;
}

/** Adds other sums. */
export function addTally(tally: RunningTally, other: Tally): void {
  const { usage } = other;
  tally.picodollars += BigInt(other.picodollars);
  tally.estimatedPicodollars += BigInt(other.estimatedPicodollars);
  tally.entries += other.entries;
  tally.estimatedEntries += other.estimatedEntries;
  tally.failedEntries += other.failedEntries;
  tally.unpricedEntries += other.unpricedEntries;
  tally.inputTokens += usage.inputTokens;
  tally.cacheReadInputTokens += usage.cacheReadInputTokens;
  tally.cacheCreation5mInputTokens += usage.cacheCreation5mInputTokens;
  tally.cacheCreation1hInputTokens += usage.cacheCreation1hInputTokens;
  tally.outputTokens += usage.outputTokens;
  tally.reasoningOutputTokens += usage.reasoningOutputTokens;
  tally.webSearchRequests += usage.webSearchRequests;
}

/** The sums as contracts have them. */
export function writeTally(tally: RunningTally): Tally {
  return {
    picodollars: writePicodollars(tally.picodollars),
    estimatedPicodollars: writePicodollars(tally.estimatedPicodollars),
    entries: tally.entries,
    estimatedEntries: tally.estimatedEntries,
    failedEntries: tally.failedEntries,
    unpricedEntries: tally.unpricedEntries,
    usage: {
      inputTokens: tally.inputTokens,
      cacheReadInputTokens: tally.cacheReadInputTokens,
      cacheCreation5mInputTokens: tally.cacheCreation5mInputTokens,
      cacheCreation1hInputTokens: tally.cacheCreation1hInputTokens,
      outputTokens: tally.outputTokens,
      reasoningOutputTokens: tally.reasoningOutputTokens,
      webSearchRequests: tally.webSearchRequests,
    },
  };
}

/** The sums in as few bytes as JSON allows: a snapshot holds thousands. */
export function packTally(tally: RunningTally): PackedTally {
  const { picodollars, estimatedPicodollars, ...counts } = tally;
  return [
    writePicodollars(picodollars),
    writePicodollars(estimatedPicodollars),
    ...Object.values(counts),
  ];
}

/** Reads what `packTally` wrote. */
export function unpackTally([picodollars, estimated, ...counts]: PackedTally): RunningTally {
  const tally = emptyTally();
  const names = Object.keys(tally).slice(2) as (keyof Omit<
    RunningTally,
    'picodollars' | 'estimatedPicodollars'
  >)[]; // the fields after the two of money
  if (counts.length !== names.length) throw new Error('a tally has another number of counts');
  for (const [index, name] of names.entries()) tally[name] = counts[index] ?? 0;
  tally.picodollars = BigInt(picodollars);
  tally.estimatedPicodollars = BigInt(estimated);
  return tally;
}
