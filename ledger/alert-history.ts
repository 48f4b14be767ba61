import type { LedgerStore } from '../bus/ledger-store.ts';
import type { Log } from '../bus/log.ts';
import type { Picodollars } from '../schemas/money.ts';
import { readPeriod } from './saved-state.ts';
import { HOUR_MS, hourOf, periodAt, startOf } from './state/periods.ts';

const DAY_MS = 24 * HOUR_MS;
/** Days that say what is usual at an hour, and how many a ledger must have seen. */
const DAYS = 7;
const DAYS_MIN = 3;

/** What the same hour cost in the last days: read from the closed hours, once per hour. */
export class HourHistory {
  readonly #store: LedgerStore;
  readonly #log: Log;
  #hour = Number.NaN;
  #usual: Picodollars | null = null;

  constructor(store: LedgerStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /**
   * The mean of this hour over the last seven days, or as many as there are; null = fewer than three, or not read yet: asking
   * has it read. `nowMs` in Unix milliseconds.
   */
  usualAt(nowMs: number): Picodollars | null {
    const hour = hourOf(nowMs);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#usual = null;
      this.#read(nowMs).then(
        (usual) => {
          if (this.#hour === hour) this.#usual = usual;
        },
        (error: unknown) => {
          this.#log.warn({ error }, 'the hours of the last days cannot be read');
          if (this.#hour === hour) this.#hour = Number.NaN;
        },
      );
    }
    return this.#usual;
  }

  async #read(nowMs: number): Promise<Picodollars | null> {
    const [first] = await this.#store.keys('day');
    if (first === undefined) return null;
    const beganMs = startOf(first.slice('day.'.length));
    let sum = 0n;
    let days = 0;
    for (let back = 1; back <= DAYS; back += 1) {
      const atMs = nowMs - back * DAY_MS;
      if (atMs < beganMs) break;
      // An hour without an entry has no key: it cost nothing.
      const closed = await readPeriod(this.#store, periodAt(atMs, 'hour'));
      sum += BigInt(closed?.total.picodollars ?? '0');
      days += 1;
    }
    return days < DAYS_MIN ? null : sum / BigInt(days);
  }
}
