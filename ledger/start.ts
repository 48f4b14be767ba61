import type { Bus } from '../bus/connect.ts';
import { openEventLog } from '../bus/event-log.ts';
import type { EventPublisher } from '../bus/events.ts';
import { startLease } from '../bus/lease.ts';
import { createLedgerStore } from '../bus/ledger-store.ts';
import type { Log } from '../bus/log.ts';
import { LIMITS } from '../config/limits.ts';
import { type Ledger, LogFolder } from './ledger.ts';
import type { PriceOf } from './state/read-event.ts';
import { Sweeper } from './sweeper.ts';

/** What a ledger needs to know. */
export interface LedgerOptions {
  /** Letters, digits, `_` and `-`; unique. */
  readonly ledgerId: string;
  readonly events: EventPublisher;
  /** Prices events of before costs were written into them. */
  readonly priceOf: PriceOf;
  readonly log: Log;
}

/** The name of the ledgers' lease. */
const LEASE = 'ledger';

/**
 * Counts the money: folds stream EV into totals, and keeps them in bucket `gw-totals`. Any number may run: one writes, the
 * others know the same and take over. Nothing in the path of a request waits for it.
 *
 * Resolves when the kept totals have been read, at the latest after `ledgerReadMsMax`: without JetStream it goes on trying.
 */
export async function startLedger(bus: Bus, options: LedgerOptions): Promise<Ledger> {
  const { ledgerId, events, priceOf, log } = options;
  await using stack = new AsyncDisposableStack();
  const store = createLedgerStore(bus);
  const lease = stack.use(startLease(bus, { name: LEASE, holder: ledgerId, log }));
  lease.onChange((isActive) => log.info({ isActive }, 'ledger'));
  const eventLog = openEventLog(bus);
  const ledger = stack.use(new LogFolder({ eventLog, store, lease, events, log, priceOf }));
  stack.defer(new Sweeper(ledger, { events, log }).start(bus));
  await atMost(LIMITS.ledgerReadMsMax, ledger.loaded);
  const running = stack.move();
  return {
    get state() {
      return ledger.state;
    },
    get isActive() {
      return ledger.isActive;
    },
    get isCaughtUp() {
      return ledger.isCaughtUp;
    },
    loaded: ledger.loaded,
    caughtUp: ledger.caughtUp,
    onFolded: (listener) => ledger.onFolded(listener),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function atMost(waitMs: number, work: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, waitMs);
  await Promise.race([work, late]);
  clearTimeout(timer);
}
