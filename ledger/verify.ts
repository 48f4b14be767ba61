import type { EventLog } from '../bus/event-log.ts';
import type { LogRange } from '../bus/event-stream.ts';
import type { LedgerStore } from '../bus/ledger-store.ts';
import type { Log } from '../bus/log.ts';
import { readSnapshot } from './saved-state.ts';
import { Shadow } from './shadow.ts';
import { startingPoint } from './starting-point.ts';
import type { PriceOf } from './state/read-event.ts';

/** What a verification found. */
export interface Verification {
  /** The events that were read again. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Totals of periods before that cannot be checked: their events have left the stream. Unix milliseconds; 0 = all were. */
  readonly checkedFromMs: number;
  /** Closed periods that were compared. */
  readonly periods: number;
  /** What is wrong, a sentence each; empty = nothing. */
  readonly findings: readonly string[];
  /** Periods that are kept though the log tells nothing of them: wrong, too. */
  readonly strangers: readonly string[];
}

/** What a verification works with. */
export interface VerifyContext {
  readonly eventLog: EventLog;
  readonly store: LedgerStore;
  readonly log: Log;
  readonly priceOf: PriceOf;
}

/**
 * Reads the log again, up to where the kept snapshot stands, and compares: the hash chain, holes, closed periods, and the
 * snapshot itself. Changes nothing; a ledger may run at the same time. Throws when the store does not answer.
 */
export async function verifyTotals(context: VerifyContext): Promise<Verification> {
  const { eventLog, store } = context;
  const snapshot = await readSnapshot(store);
  const range = await eventLog.range();
  if (snapshot === null) {
    return {
      ...nothing(range),
      findings: ['no totals are kept: no ledger has run, or run `rebuild`'],
    };
  }
  const start = await startingPoint({ eventLog, store, snapshot, range });
  const shadow = new Shadow(context, start);
  const firstSequence = start.state.sequence + 1;
  const lastSequence = Math.min(snapshot.sequence, range.lastSequence);
  await replay(context, { after: start.state.sequence, through: lastSequence, shadow });
  if (snapshot.sequence > range.lastSequence) {
    shadow.findings.push(
      `the log ends at event ${range.lastSequence}, but the totals hold events up to ${snapshot.sequence}`,
    );
  }
  shadow.compareSnapshot(snapshot, lastSequence);
  const strangers = await shadow.strangers();
  return {
    firstSequence,
    lastSequence,
    checkedFromMs: start.checkedFromMs,
    periods: shadow.periods,
    findings: shadow.findings,
    strangers,
  };
}

async function replay(
  { eventLog, log }: VerifyContext,
  { after, through, shadow }: { after: number; through: number; shadow: Shadow },
): Promise<void> {
  if (after >= through) return;
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  await using _reader = eventLog.read({
    after,
    log,
    async onEvents(events, areLast) {
      try {
        if ((await shadow.take(events, through)) || areLast) resolve();
      } catch (error) {
        reject(error);
      }
    },
    onReplaced: () => reject(new Error('the log was made anew while it was read')),
    // What is missing then is a finding.
    onSilence: resolve,
  });
  await done;
}

function nothing(range: LogRange) {
  return {
    firstSequence: range.firstSequence,
    lastSequence: range.lastSequence,
    checkedFromMs: 0,
    periods: 0,
    strangers: [],
  };
}
