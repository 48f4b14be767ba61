import type { EventLog } from '../bus/event-log.ts';
import type { LogRange } from '../bus/event-stream.ts';
import type { LedgerStore } from '../bus/ledger-store.ts';
import type { PeriodTotals } from '../schemas/ledger.ts';
import { readPeriod } from './saved-state.ts';
import { keptPeriods, seedState } from './seed-state.ts';
import { startAfter } from './state/align.ts';
import { emptyState, type LedgerState } from './state/ledger-state.ts';
import { endOf, HOUR_MS, startOf } from './state/periods.ts';
import type { Snapshot } from './state/snapshot.ts';

/** Where a verification begins to read. */
export interface StartingPoint {
  readonly state: LedgerState;
  /** The log tells everything that the ledger knew. */
  readonly isWhole: boolean;
  /** The hash chain before the first event is known. */
  readonly isChained: boolean;
  /** Periods before that are not told whole. Unix milliseconds; 0 = all are. */
  readonly checkedFromMs: number;
  /** A period is told whole. */
  isChecked(period: string): boolean;
}

/** What a starting point depends on. */
export interface StartingContext {
  readonly eventLog: Pick<EventLog, 'storedAt'>;
  readonly store: LedgerStore;
  readonly snapshot: Snapshot;
  readonly range: LogRange;
}

/**
 * Finds where a verification can begin: with the ledger's own first event, or, where that has left the stream, at the first
 * closed hour whose link of the chain the log still goes on from.
 */
export async function startingPoint(context: StartingContext): Promise<StartingPoint> {
  const { store, snapshot, range } = context;
  const { chainedFrom, countsFromMs, oddities } = snapshot;
  const isOwnFirst = range.firstSequence <= chainedFrom;
  if (isOwnFirst && oddities.logChanges === 0 && oddities.expired === 0) {
    const state = await seedState(store, { ...range, firstSequence: chainedFrom }, countsFromMs);
    const isChecked = (period: string): boolean => endOf(period) > countsFromMs;
    return { state, isWhole: true, isChained: true, checkedFromMs: countsFromMs, isChecked };
  }
  const state = emptyState();
  startAfter(state, chainedFrom - 1);
  const anchor = isOwnFirst ? null : await firstAnchor(store, range);
  if (anchor !== null) {
    startAfter(state, anchor.sequence);
    state.chain = Buffer.from(anchor.chain, 'hex');
  } else if (!isOwnFirst) startAfter(state, range.firstSequence - 1);
  const checkedFromMs = await wholeFrom(context, state.sequence + 1);
  const isChecked = (period: string): boolean => startOf(period) >= checkedFromMs;
  const isChained = isOwnFirst || anchor !== null;
  return { state, isWhole: false, isChained, checkedFromMs, isChecked };
}

// An hour later than the clock says, because other clocks may be ahead.
async function wholeFrom({ eventLog, range }: StartingContext, sequence: number): Promise<number> {
  if (sequence > range.lastSequence) return Number.POSITIVE_INFINITY;
  const atMs = (await eventLog.storedAt(sequence)) ?? range.firstStoredAtMs;
  return (Math.ceil(atMs / HOUR_MS) + 1) * HOUR_MS;
}

async function firstAnchor(
  store: LedgerStore,
  { firstSequence }: LogRange,
): Promise<PeriodTotals['closedAt'] | null> {
  for (const hour of await keptPeriods(store, 'hour')) {
    const closedAt = (await readPeriod(store, hour))?.closedAt;
    if (closedAt !== undefined && closedAt.sequence >= firstSequence - 1) return closedAt;
  }
  return null;
}
