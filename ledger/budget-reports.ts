import type { Bus } from '../bus/connect.ts';
import { type EventLog, openEventLog } from '../bus/event-log.ts';
import { createLedgerStore, type LedgerStore, packed } from '../bus/ledger-store.ts';
import type { Log } from '../bus/log.ts';
import { LIMITS } from '../config/limits.ts';
import { TOTALS_KEYS } from '../schemas/subjects.ts';
import { spendingReport } from './budget-report.ts';
import type { Ledger } from './ledger.ts';

/** What reporting needs. */
export interface BudgetReportOptions {
  readonly ledger: Ledger;
  /** Ingresses hold requests to budgets: they want to know soon. */
  readonly hasBudgets: boolean;
  readonly log: Log;
}

/**
 * Writes what was spent and set aside to KV `gw-totals`, key `budget`, soon after it changed and now and then as a sign of
 * life. Of several ledgers the active one does. Disposing it ends it.
 */
export function startBudgetReports(bus: Bus, options: BudgetReportOptions): AsyncDisposable {
  const reports = new BudgetReports(bus, options);
  const stopListening = options.ledger.onFolded(() => reports.changed());
  const timer = setInterval(() => reports.sign(), LIMITS.spendingSignMs);
  timer.unref();
  reports.sign();
  return {
    async [Symbol.asyncDispose]() {
      stopListening();
      clearInterval(timer);
      await reports.end();
    },
  };
}

class BudgetReports {
  readonly #store: LedgerStore;
  readonly #eventLog: Pick<EventLog, 'range'>;
  readonly #options: BudgetReportOptions;
  readonly #pauseMs: number;
  #timer: NodeJS.Timeout | null = null;
  #working: Promise<void> = Promise.resolve();
  #writtenAtMs = Number.NEGATIVE_INFINITY;
  #revision = 0;
  /** Everything stored by `atMs` was folded when the state stood at `sequence`. */
  #heard = { sequence: 0, atMs: 0 };
  #isEnded = false;
  #isReachable = true;

  constructor(bus: Bus, options: BudgetReportOptions) {
    this.#store = createLedgerStore(bus);
    this.#eventLog = openEventLog(bus);
    this.#options = options;
    this.#pauseMs = options.hasBudgets ? LIMITS.spendingReportMs : LIMITS.spendingReportIdleMs;
  }

  /** The state has changed. */
  changed(): void {
    if (this.#timer !== null || this.#isEnded) return;
    const waitMs = Math.max(0, this.#writtenAtMs + this.#pauseMs - performance.now());
    this.#timer = setTimeout(() => {
      this.#working = this.#write();
    }, waitMs);
    this.#timer.unref();
  }

  /** Reports whether it changed or not, and whether the log has anything that the state has not. */
  sign(): void {
    const askedAtMs = Date.now();
    this.#eventLog.range().then(
      ({ lastSequence }) => {
        const { sequence } = this.#options.ledger.state;
        if (sequence >= lastSequence) this.#heard = { sequence, atMs: askedAtMs };
        this.changed();
      },
      // Then nothing can be written, and the next write says so.
      () => this.changed(),
    );
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#working;
  }

  // What changes meanwhile is asked of the state at the end: `changed` does nothing while a timer stands.
  async #write(): Promise<void> {
    const { ledger, log } = this.#options;
    if (!ledger.isActive || !ledger.isCaughtUp) {
      this.#timer = null;
      return;
    }
    const { state } = ledger;
    const { sequence } = state;
    const heardMs = sequence >= this.#heard.sequence ? this.#heard.atMs : 0;
    const bytes = packed(JSON.stringify(spendingReport(state, { nowMs: Date.now(), heardMs })));
    try {
      const revision = await this.#store.put(TOTALS_KEYS.budget, bytes, this.#revision);
      this.#revision = revision ?? (await this.#store.revisionOf(TOTALS_KEYS.budget));
      this.#isReachable = true;
      this.#done(revision === null || ledger.state.sequence !== sequence);
    } catch (error) {
      if (this.#isReachable) log.warn({ error }, 'spending cannot be reported; tried again');
      this.#isReachable = false;
      this.#done(true);
    }
  }

  #done(isChanged: boolean): void {
    this.#writtenAtMs = performance.now();
    this.#timer = null;
    if (isChanged) this.changed();
  }
}
