import type { EventLog } from '../bus/event-log.ts';
import type { LedgerStore } from '../bus/ledger-store.ts';
import { SNAPSHOT_KEY, snapshotBytes } from './saved-state.ts';
import { countsFrom, keptPeriods, seedState } from './seed-state.ts';

/** What is counted again. */
export interface Rebuild {
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Hours before that stay as they are: their events have left the stream. Unix milliseconds; 0 = none. */
  readonly countsFromMs: number;
}

const TRIES_MAX = 10;

/**
 * Sets the totals back to before the first event of the log. A ledger that runs, or the next one that starts, counts
 * everything again and writes over what is kept; nothing is deleted before that, so that it may be killed at any time.
 *
 * Throws when the store does not answer, or when another ledger wrote again and again.
 */
export async function forgetTotals(
  store: LedgerStore,
  eventLog: Pick<EventLog, 'range'>,
): Promise<Rebuild> {
  const range = await eventLog.range();
  const countsFromMs = countsFrom(range, await keptPeriods(store, 'hour'));
  const seed = snapshotBytes(await seedState(store, range, countsFromMs));
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const after = await store.revisionOf(SNAPSHOT_KEY);
    if ((await store.put(SNAPSHOT_KEY, seed, after)) !== null) {
      const { firstSequence, lastSequence } = range;
      return { firstSequence, lastSequence, countsFromMs };
    }
  }
  throw new Error('another ledger is writing totals all the time: try again');
}
