import { LIMITS } from '../../config/limits.ts';
import {
  KEY_OF_NONE,
  KEY_OF_OTHERS,
  LEDGER_DIMENSIONS,
  type LedgerDimension,
  type PeriodTotals,
} from '../../schemas/ledger.ts';
import type { FinalEntry } from './ledger-event.ts';
import {
  addEntry,
  addTally,
  emptyTally,
  type PackedTally,
  packTally,
  type RunningTally,
  unpackTally,
  writeTally,
} from './tally.ts';

/** Sums of a period that is open, in all and by dimension. */
export interface RunningTotals {
  readonly total: RunningTally;
  readonly by: Readonly<Record<LedgerDimension, Map<string, RunningTally>>>;
}

/** Totals as they lie in a snapshot, dimensions in the order of LEDGER_DIMENSIONS. */
export type PackedTotals = readonly [
  PackedTally,
  ...(readonly (readonly [string, PackedTally])[])[],
];

/** Totals of nothing. */
export function emptyTotals(): RunningTotals {
  return { total: emptyTally(), by: eachDimension(() => new Map()) };
}

/** The keys under which an entry is summed. */
export type EntryKeys = Readonly<Record<LedgerDimension, string>>;

/** Names the keys of an entry. */
export function keysOf(entry: FinalEntry): EntryKeys {
  return {
    provider: entry.provider,
    account: clipped(entry.account),
    providerModel: clipped(`${entry.provider}/${entry.upstreamModel}`),
    session: clipped(entry.sessionId ?? KEY_OF_NONE),
    clientKey: clipped(entry.clientKeyId ?? KEY_OF_NONE),
    requestClass: entry.requestClass ?? KEY_OF_NONE,
  };
}

/** Adds one entry to the total and to its key of every dimension. */
export function addToTotals(totals: RunningTotals, entry: FinalEntry, keys: EntryKeys): void {
  addEntry(totals.total, entry);
  for (const dimension of LEDGER_DIMENSIONS) {
    addEntry(tallyOf(totals, dimension, keys[dimension]), entry);
  }
}

/** Adds the totals of a closed period to those of a longer one. */
export function addClosed(totals: RunningTotals, closed: PeriodTotals): void {
  addTally(totals.total, closed.total);
  for (const dimension of LEDGER_DIMENSIONS) {
    for (const [key, tally] of Object.entries(closed.by[dimension])) {
      addTally(tallyOf(totals, dimension, key), tally);
    }
  }
}

/** The totals as they are kept for ever. */
export function writeTotals(
  totals: RunningTotals,
  head: Pick<PeriodTotals, 'period' | 'closedAt'>,
): PeriodTotals {
  const by = eachDimension((dimension) => {
    const tallies = Array.from(
      totals.by[dimension],
      ([key, tally]) => [key, writeTally(tally)] as const,
    );
    return Object.fromEntries(tallies);
  });
  return { v: 1, ...head, total: writeTally(totals.total), by };
}

/** The totals for a snapshot. */
export function packTotals({ total, by }: RunningTotals): PackedTotals {
  const packed = LEDGER_DIMENSIONS.map((dimension) =>
    Array.from(by[dimension], ([key, tally]) => [key, packTally(tally)] as const),
  );
  return [packTally(total), ...packed];
}

/** Reads what `packTotals` wrote. */
export function unpackTotals([total, ...packed]: PackedTotals): RunningTotals {
  const by = eachDimension((_, index) => {
    const tallies = packed[index] ?? [];
    return new Map(tallies.map(([key, tally]) => [key, unpackTally(tally)]));
  });
  return { total: unpackTally(total), by };
}

// What comes after the last key is summed under one name: a period must stay small, and its sums complete.
function tallyOf({ by }: RunningTotals, dimension: LedgerDimension, key: string): RunningTally {
  const tallies = by[dimension];
  const found = tallies.get(key);
  if (found !== undefined) return found;
  const keysMax = dimension === 'session' ? LIMITS.ledgerSessionsMax : LIMITS.ledgerKeysMax;
  const name = tallies.size < keysMax ? key : KEY_OF_OTHERS;
  const others = tallies.get(name);
  if (others !== undefined) return others;
  const tally = emptyTally();
  tallies.set(name, tally);
  return tally;
}

function clipped(key: string): string {
  return key.length > LIMITS.ledgerKeyCharactersMax
    ? key.slice(0, LIMITS.ledgerKeyCharactersMax)
    : key;
}

function eachDimension<Value>(
  make: (dimension: LedgerDimension, index: number) => Value,
): Record<LedgerDimension, Value> {
  const entries = LEDGER_DIMENSIONS.map(
    (dimension, index) => [dimension, make(dimension, index)] as const,
  );
  return Object.fromEntries(entries) as Record<LedgerDimension, Value>; // all of LEDGER_DIMENSIONS
}
