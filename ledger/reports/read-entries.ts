import type { EventLog } from '../../bus/event-log.ts';
import type { LoggedEvent } from '../../bus/event-stream.ts';
import type { LedgerStore } from '../../bus/ledger-store.ts';
import type { Log } from '../../bus/log.ts';
import { LIMITS } from '../../config/limits.ts';
import { readPeriod } from '../saved-state.ts';
import { keptPeriods } from '../seed-state.ts';
import { closeOf } from '../state/periods.ts';
import type { PriceOf } from '../state/read-event.ts';
import { CountedEntries, type UsageEntry } from './usage-entry.ts';

/** What entries are read with. */
export interface EntrySource {
  readonly eventLog: EventLog;
  readonly log: Log;
  readonly priceOf: PriceOf;
}

/** Which entries are read. */
export interface EntryReading {
  /** The first event read is the next one after this sequence. */
  readonly after: number;
  /** The last event read; null = it goes on until `signal`. */
  readonly through: number | null;
  /** Events that were stored later are not read either. Unix milliseconds. */
  readonly storedUntilMs?: number;
  readonly signal?: AbortSignal;
  /** Takes the entries of the next events, in order, each attempt once. */
  onEntries(entries: readonly UsageEntry[]): void | Promise<void>;
}

/**
 * Reads entries from the log. Resolves, when all were taken, with the number of events that cannot be read. Throws what
 * `onEntries` throws, and when the log is made anew or the server gives its events out no more.
 */
export async function readEntries(source: EntrySource, reading: EntryReading): Promise<number> {
  const { after, through, storedUntilMs = Number.POSITIVE_INFINITY, signal } = reading;
  const counted = new CountedEntries(source.priceOf);
  if (signal?.aborted === true || (through !== null && after >= through)) return 0;
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  signal?.addEventListener('abort', () => resolve(), { once: true });
  const isWanted = ({ sequence, storedAtMs }: LoggedEvent): boolean =>
    (through === null || sequence <= through) && storedAtMs <= storedUntilMs;
  await using _reader = source.eventLog.read({
    after,
    log: source.log,
    async onEvents(events, areLast) {
      const wanted = events.filter(isWanted);
      const entries = wanted.map((event) => counted.take(event)).filter((entry) => entry !== null);
      try {
        if (entries.length > 0) await reading.onEntries(entries);
      } catch (error) {
        reject(error);
        return;
      }
      if (through === null) return;
      const last = events.at(-1)?.sequence ?? 0;
      if (areLast || last >= through || wanted.length < events.length) resolve();
    },
    onReplaced: () => reject(new Error('the event log was made anew while it was read')),
    onSilence: () => through !== null && reject(new Error('nats-server gives events out no more')),
  });
  await done;
  return counted.unreadable;
}

/**
 * A sequence before all events of entries that count at `sinceMs` or later, as late as the closed hours tell; 0 = read all.
 * Throws when the store does not answer.
 */
export async function sequenceBefore(
  { eventLog, store }: { readonly eventLog: EventLog; readonly store: LedgerStore },
  sinceMs: number,
): Promise<number> {
  // A clock may be ahead of the server's.
  const storedMs = sinceMs - LIMITS.ledgerClockAheadMsMax;
  const hours = await keptPeriods(store, 'hour');
  const hour = hours.findLast((each) => closeOf(each) <= storedMs);
  const sequence =
    hour === undefined ? 0 : ((await readPeriod(store, hour))?.closedAt.sequence ?? 0);
  // The stream may be another one than that of the hour.
  const storedAtMs = sequence === 0 ? null : await eventLog.storedAt(sequence);
  return storedAtMs !== null && storedAtMs <= storedMs ? sequence : 0;
}
