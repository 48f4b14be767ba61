import { type LedgerStore, packed, unpacked } from '../bus/ledger-store.ts';
import type { Log } from '../bus/log.ts';
import { type PeriodTotals, periodTotalsSchema } from '../schemas/ledger.ts';
import { emptyState, type LedgerState } from './state/ledger-state.ts';
import { kindOf } from './state/periods.ts';
import { packState, parseSnapshot, type Snapshot, unpackState } from './state/snapshot.ts';

/** The key of the snapshot. */
export const SNAPSHOT_KEY = 'snapshot';
/** The first token of the keys of ids. */
export const IDS_TOKEN = 'ids';
/** Keys that are read at once. */
const READS_MAX = 32;

/** A state as it was kept. */
export interface SavedState {
  /** An empty one when there was none that can be read. */
  readonly state: LedgerState;
  readonly isNew: boolean;
  /** Of the snapshot; 0 = there never was one. */
  readonly revision: number;
}

/** The key of a closed period. */
export function periodKey(period: string): string {
  return `${kindOf(period)}.${period}`;
}

/** The key of a full chunk of ids. */
export function chunkKey(number: number): string {
  return `${IDS_TOKEN}.${number}`;
}

/** Reads what was kept. Throws when the store does not answer. */
export async function readSavedState(store: LedgerStore, log: Log): Promise<SavedState> {
  const stored = await store.read(SNAPSHOT_KEY);
  if (stored === null) {
    return { state: emptyState(), isNew: true, revision: await store.revisionOf(SNAPSHOT_KEY) };
  }
  const { bytes, revision } = stored;
  const snapshot = readableSnapshot(bytes, log);
  if (snapshot === null) return { state: emptyState(), isNew: true, revision };
  return {
    state: unpackState(snapshot, await readChunks(store, snapshot, log)),
    isNew: false,
    revision,
  };
}

/** Reads the snapshot alone; null = there is none. Throws when the store does not answer, or on what no ledger wrote. */
export async function readSnapshot(store: LedgerStore): Promise<Snapshot | null> {
  const stored = await store.read(SNAPSHOT_KEY);
  return stored === null ? null : parseSnapshot(unpacked(stored.bytes));
}

/** Kept totals that no ledger wrote. */
export class UnreadableTotalsError extends Error {}

/**
 * Reads a closed period; null = it is not kept. Throws when the store does not answer.
 *
 * @throws UnreadableTotalsError on what no ledger wrote.
 */
export async function readPeriod(store: LedgerStore, period: string): Promise<PeriodTotals | null> {
  const stored = await store.read(periodKey(period));
  if (stored === null) return null;
  try {
    return periodTotalsSchema.parse(JSON.parse(unpacked(stored.bytes)));
  } catch (cause) {
    throw new UnreadableTotalsError(`the totals of ${period} cannot be read`, { cause });
  }
}

/** Forgets closed periods. Throws when the store does not answer. */
export async function purgePeriods(store: LedgerStore, periods: readonly string[]): Promise<void> {
  await inParallel(periods, (period) => store.purge(periodKey(period)));
}

/** The state's snapshot as bytes of a value. */
export function snapshotBytes(state: LedgerState): Uint8Array {
  return packed(JSON.stringify(packState(state)));
}

/** Does the work for each, a few at a time. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < items.length; from += READS_MAX) {
    results.push(...(await Promise.all(items.slice(from, from + READS_MAX).map(work))));
  }
  return results;
}

// Whatever lies there: the log is the truth, and tells everything again.
function readableSnapshot(bytes: Uint8Array, log: Log): Snapshot | null {
  try {
    return parseSnapshot(unpacked(bytes));
  } catch (error) {
    log.error({ error }, 'the ledger’s snapshot cannot be read: everything is counted anew');
    return null;
  }
}

async function readChunks(
  store: LedgerStore,
  { ids: { first, next } }: Snapshot,
  log: Log,
): Promise<readonly Uint8Array[]> {
  const numbers = Array.from({ length: next - first }, (_, index) => first + index);
  return inParallel(numbers, async (number) => {
    const stored = await store.read(chunkKey(number));
    if (stored === null) log.error({ number }, 'ids of counted attempts are missing');
    return stored?.bytes ?? new Uint8Array(0);
  });
}
