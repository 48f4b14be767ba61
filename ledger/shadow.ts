import { isDeepStrictEqual } from 'node:util';
import type { LoggedEvent } from '../bus/event-stream.ts';
import type { LedgerStore } from '../bus/ledger-store.ts';
import { PERIOD_KINDS, type PeriodTotals } from '../schemas/ledger.ts';
import { nextChain } from './chain.ts';
import { readPeriod, UnreadableTotalsError } from './saved-state.ts';
import { keptPeriods } from './seed-state.ts';
import type { StartingPoint } from './starting-point.ts';
import { fold } from './state/fold.ts';
import type { LedgerEvent } from './state/ledger-event.ts';
import { type PriceOf, readEvent } from './state/read-event.ts';
import { packState, type Snapshot } from './state/snapshot.ts';

/** What a shadow reads with. */
export interface ShadowContext {
  readonly store: LedgerStore;
  readonly priceOf: PriceOf;
}

/** A second ledger that keeps nothing: it folds the log and compares what comes out with what is kept. */
export class Shadow {
  /** What is wrong, a sentence each. */
  readonly findings: string[] = [];
  /** Closed periods that were compared. */
  periods = 0;
  readonly #context: ShadowContext;
  readonly #start: StartingPoint;
  readonly #seen = new Set<string>();
  #isChainBroken = false;
  #chainedThrough = 0;

  constructor(context: ShadowContext, start: StartingPoint) {
    this.#context = context;
    this.#start = start;
    this.#chainedThrough = start.state.sequence;
  }

  /** Takes events up to `through`; true when that one is among them. Throws when the store does not answer. */
  async take(events: readonly LoggedEvent[], through: number): Promise<boolean> {
    const { state } = this.#start;
    for (const event of events) {
      const { sequence, storedAtMs } = event;
      if (sequence > through) break;
      const chain = nextChain(state.chain, event);
      fold(state, { sequence, storedAtMs, chain }, this.#read(event));
    }
    for (const totals of state.unsaved.periods) await this.#comparePeriod(totals);
    state.unsaved.periods.length = 0;
    state.unsaved.chunks.length = 0;
    return (events.at(-1)?.sequence ?? 0) >= through;
  }

  /** Compares the snapshot, once all events were taken up to `lastSequence`, the last that there should be. */
  compareSnapshot(snapshot: Snapshot, lastSequence: number): void {
    const { state, isWhole } = this.#start;
    if (state.sequence < lastSequence) {
      this.findings.push(`events ${state.sequence + 1} to ${lastSequence} are missing in the log`);
    }
    for (const [first, last] of state.holes) {
      this.findings.push(`events ${first} to ${last} are missing in the log`);
    }
    const shadow = packState(state);
    if (state.sequence === snapshot.sequence) {
      this.#compareChain({ sequence: state.sequence, chain: snapshot.chain }, shadow.chain);
    }
    const kept = new Map(snapshot.periods);
    const told = new Map(shadow.periods);
    for (const period of new Set([...kept.keys(), ...told.keys()])) {
      if (!this.#start.isChecked(period)) continue;
      if (isDeepStrictEqual(sorted(kept.get(period)), sorted(told.get(period)))) continue;
      this.findings.push(`the totals of ${period}, which is open, differ from the log`);
    }
    if (!isWhole) return;
    if (!isDeepStrictEqual(byId(snapshot), byId(shadow))) {
      this.findings.push('the attempts under way differ from the log');
    }
    if (!isDeepStrictEqual(snapshot.ids, shadow.ids)) {
      this.findings.push('the ids of counted attempts differ from the log');
    }
    if (!isDeepStrictEqual(snapshot.marks, shadow.marks)) {
      this.findings.push('the alerts that have fired differ from the log');
    }
  }

  /** Periods that are kept though the log tells nothing of them. */
  async strangers(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const kind of PERIOD_KINDS) {
      for (const period of await keptPeriods(this.#context.store, kind)) {
        if (this.#start.isChecked(period) && !this.#seen.has(period)) found.push(period);
      }
    }
    // One that closed after the snapshot was read is none.
    return found.filter((period) => !this.#start.state.periods.has(period));
  }

  async #comparePeriod(told: PeriodTotals): Promise<void> {
    const { period } = told;
    this.#seen.add(period);
    const kept = await this.#kept(period);
    if (kept === 'unreadable') return;
    if (kept !== null && kept.closedAt.sequence === told.closedAt.sequence) {
      this.#compareChain(kept.closedAt, told.closedAt.chain);
    }
    if (!this.#start.isChecked(period)) return;
    this.periods += 1;
    if (kept === null) {
      this.findings.push(`the totals of ${period} are missing`);
    } else if (!isDeepStrictEqual([kept.total, kept.by], [told.total, told.by])) {
      this.findings.push(
        `the totals of ${period} differ from the log: kept ${kept.total.picodollars} picodollars in ${kept.total.entries} entries, told ${told.total.picodollars} in ${told.total.entries}`,
      );
    }
  }

  async #kept(period: string): Promise<PeriodTotals | null | 'unreadable'> {
    try {
      return await readPeriod(this.#context.store, period);
    } catch (error) {
      if (!(error instanceof UnreadableTotalsError)) throw error;
      this.findings.push(error.message);
      return 'unreadable';
    }
  }

  // Once broken, every later link is another one: only the first tells where.
  #compareChain(kept: PeriodTotals['closedAt'], told: string): void {
    if (this.#isChainBroken || !this.#start.isChained) return;
    if (kept.chain === told) {
      this.#chainedThrough = kept.sequence;
      return;
    }
    this.#isChainBroken = true;
    this.findings.push(
      `the hash chain is broken: an event between ${this.#chainedThrough + 1} and ${kept.sequence} is not the one that was counted`,
    );
  }

  #read({ subject, data }: LoggedEvent): LedgerEvent | null {
    try {
      return readEvent(subject, data, this.#context.priceOf);
    } catch {
      return null; // counted as unreadable, as the ledger does
    }
  }
}

function byId({ reservations }: Snapshot) {
  return new Map(reservations.map((reservation) => [reservation.attemptId, reservation]));
}

// The order of keys tells nothing.
function sorted(totals: Snapshot['periods'][number][1] | undefined) {
  if (totals === undefined) return null;
  const [total, ...by] = totals;
  return [total, ...by.map((keys) => new Map(keys))];
}
