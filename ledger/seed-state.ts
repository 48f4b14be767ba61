import type { LogRange } from '../bus/event-stream.ts';
import type { LedgerStore } from '../bus/ledger-store.ts';
import { inParallel, readPeriod } from './saved-state.ts';
import { startAfter } from './state/align.ts';
import { emptyState, type LedgerState, openTotals } from './state/ledger-state.ts';
import { endOf, HOUR_MS, periodAt, startOf } from './state/periods.ts';
import { addClosed } from './state/running-totals.ts';

/** Names of kept periods, without their kind. */
export async function keptPeriods(
  store: LedgerStore,
  kind: 'hour' | 'day' | 'month',
): Promise<readonly string[]> {
  const keys = await store.keys(kind);
  return keys.map((key) => key.slice(kind.length + 1));
}

/**
 * From when on the log can tell what was spent: Unix milliseconds. Hours before that are kept as they are, because their events
 * have left the stream. 0 = the log is whole, or nothing was kept.
 */
export function countsFrom(range: LogRange, hours: readonly string[]): number {
  if (range.firstSequence <= 1) return 0;
  const isEmpty = range.firstSequence > range.lastSequence;
  const wholeFromMs = isEmpty
    ? Number.POSITIVE_INFINITY
    : Math.ceil(range.firstStoredAtMs / HOUR_MS) * HOUR_MS;
  const last = hours.findLast((hour) => startOf(hour) < wholeFromMs);
  return last === undefined ? 0 : endOf(last);
}

/** A state before the first event of the log, with what the kept hours before `countsFromMs` give to open days and months. */
export async function seedState(
  store: LedgerStore,
  range: LogRange,
  countsFromMs: number,
): Promise<LedgerState> {
  const state = emptyState();
  startAfter(state, range.firstSequence - 1);
  state.streamCreated = range.created;
  state.countsFromMs = countsFromMs;
  if (countsFromMs === 0) return state;
  const parts = [periodAt(countsFromMs, 'day'), periodAt(countsFromMs, 'month')];
  const hours = (await keptPeriods(store, 'hour')).filter(
    (hour) => startOf(hour) < countsFromMs && parts.some((part) => hour.startsWith(part)),
  );
  for (const kept of await inParallel(hours, (hour) => readPeriod(store, hour))) {
    for (const part of parts) {
      if (kept?.period.startsWith(part)) addClosed(openTotals(state, part), kept);
    }
  }
  return state;
}
