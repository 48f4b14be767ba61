/** A bus with its streams, and ledgers on it, for tests with a real nats-server. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Bus, connectBus } from '../../../bus/connect.ts';
import { openEventLog } from '../../../bus/event-log.ts';
import { type EventPublisher, startEventPublisher } from '../../../bus/events.ts';
import { createLedgerStore, type LedgerStore } from '../../../bus/ledger-store.ts';
import { ensureStreams } from '../../../bus/streams.ts';
import type { Ledger } from '../../../ledger/ledger.ts';
import { readSnapshot } from '../../../ledger/saved-state.ts';
import { startLedger } from '../../../ledger/start.ts';
import { verifyTotals } from '../../../ledger/verify.ts';
import { startTestNats, type TestNats } from '../../support/nats.ts';
import { log, priceOf } from './rig.ts';

/** What a test of the ledger stands on. Disposing it ends everything. */
export interface TestBus extends AsyncDisposable {
  readonly nats: TestNats;
  readonly bus: Bus;
  readonly events: EventPublisher;
  readonly store: LedgerStore;
  readonly dataDir: string;
  startLedger(): Promise<Ledger>;
  /** The last event that is in the kept totals; 0 = none are kept. */
  keptThrough(): Promise<number>;
  /** What verify finds; empty = nothing. */
  findings(): Promise<readonly string[]>;
}

/** Starts a server and connects to it. */
export async function startTestBus(): Promise<TestBus> {
  await using stack = new AsyncDisposableStack();
  const dataDir = mkdtempSync(path.join(tmpdir(), 'gateway-ledger-'));
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const nats = stack.use(await startTestNats());
  const { url: servers, user, password } = nats;
  const bus = stack.use(await connectBus({ servers, user, password, name: 'test', log }));
  await ensureStreams(bus);
  const events = stack.use(startEventPublisher(bus, { log, dataDir }));
  const store = createLedgerStore(bus);
  const running = stack.move();
  return {
    nats,
    bus,
    events,
    store,
    dataDir,
    startLedger: () => startLedger(bus, { ledgerId: randomUUID(), events, log, priceOf }),
    keptThrough: async () => (await readSnapshot(store))?.sequence ?? 0,
    async findings() {
      const found = await verifyTotals({ eventLog: openEventLog(bus), store, log, priceOf });
      return [...found.findings, ...found.strangers];
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
