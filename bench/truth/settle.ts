import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '../../bus/connect.ts';
import { openEventLog } from '../../bus/event-log.ts';
import { startEventPublisher } from '../../bus/events.ts';
import type { Log } from '../../bus/log.ts';
import { LIMITS } from '../../config/limits.ts';
import type { PriceList } from '../../config/prices/price-list.ts';
import { eventPrices } from '../../ledger/event-prices.ts';
import { startLedger } from '../../ledger/start.ts';
import type { LedgerState } from '../../ledger/state/ledger-state.ts';
import { kindOf } from '../../ledger/state/periods.ts';
import { Sweeper } from '../../ledger/sweeper.ts';
import type { Picodollars } from '../../schemas/money.ts';
import { eventually } from '../../test/support/latch.ts';

/** What the last ledger knew when everything was settled. */
export interface SettledLedger {
  /** Attempts that nobody had ended. */
  readonly swept: number;
  /** Attempts that are open after the sweep. */
  readonly open: number;
  readonly entries: number;
  readonly picodollars: Picodollars;
  readonly estimatedPicodollars: Picodollars;
  readonly byProvider: ReadonlyMap<string, Picodollars>;
  readonly oddities: LedgerState['oddities'];
}

/** What it needs. */
export interface SettleContext {
  readonly bus: Bus;
  readonly log: Log;
  readonly prices: PriceList;
  /** For events that JetStream does not take. */
  readonly dataDir: string;
}

const DRAIN_MS_MAX = 120_000;
const SETTLE_MS_MAX = 30_000;
/** Beyond what a publisher waits for its acknowledgement. */
const QUIET_MS = LIMITS.eventAckMsMax + 1_500;

/** Resolves when no event waits anywhere and none has come for a while. */
export async function untilQuiet(bus: Bus, spoolFiles: () => readonly string[]): Promise<void> {
  const eventLog = openEventLog(bus);
  const endMs = performance.now() + DRAIN_MS_MAX;
  let last = -1;
  for (;;) {
    const { lastSequence } = await eventLog.range();
    if (lastSequence === last && spoolFiles().length === 0) return;
    if (performance.now() > endMs) throw new Error(`events stay on the disk: ${spoolFiles()}`);
    last = lastSequence;
    await sleep(QUIET_MS);
  }
}

/**
 * Runs a ledger of this process until it has seen everything, and its sweep as if a quarter of an hour had passed. The totals
 * are kept when it ends.
 */
export async function settle({ bus, log, prices, dataDir }: SettleContext): Promise<SettledLedger> {
  await using events = startEventPublisher(bus, { log, dataDir });
  const priceOf = eventPrices(prices);
  const ledgerId = `lg${randomUUID()}`;
  await using ledger = await startLedger(bus, { ledgerId, events, priceOf, log });
  const isReady = (): boolean => ledger.isActive && ledger.isCaughtUp;
  await eventually(isReady, 'a ledger that writes', SETTLE_MS_MAX);
  const sweeper = new Sweeper(ledger, { events, log });
  let swept = 0;
  while (ledger.state.reservations.size > 0) {
    const before = ledger.state.reservations.size;
    swept += sweeper.sweep(Date.now() + LIMITS.ledgerReservationMsMax + 1_000);
    await eventually(() => ledger.state.reservations.size < before, 'swept', SETTLE_MS_MAX);
  }
  const { lastSequence } = await openEventLog(bus).range();
  await eventually(() => ledger.state.sequence >= lastSequence, 'caught up', SETTLE_MS_MAX);
  return summaryOf(ledger.state, swept);
}

function summaryOf(state: LedgerState, swept: number): SettledLedger {
  const days = [...state.periods].filter(([period]) => kindOf(period) === 'day');
  const byProvider = new Map<string, Picodollars>();
  let [entries, picodollars, estimatedPicodollars] = [0, 0n, 0n];
  for (const [, { total, by }] of days) {
    entries += total.entries;
    picodollars += total.picodollars;
    estimatedPicodollars += total.estimatedPicodollars;
    for (const [provider, tally] of by.provider) {
      byProvider.set(provider, (byProvider.get(provider) ?? 0n) + tally.picodollars);
    }
  }
  return {
    swept,
    open: state.reservations.size,
    entries,
    picodollars,
    estimatedPicodollars,
    byProvider,
    oddities: { ...state.oddities },
  };
}
