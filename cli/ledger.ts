/** `npm run ledger -- rebuild|verify|show`: counts all money again, checks what is kept, or tells what is kept. */
import { randomBytes, randomUUID } from 'node:crypto';
import path from 'node:path';
import type { Bus } from '../bus/connect.ts';
import { openEventLog } from '../bus/event-log.ts';
import { type EventPublisher, startEventPublisher } from '../bus/events.ts';
import { createLedgerStore } from '../bus/ledger-store.ts';
import { createLog, type Log } from '../bus/log.ts';
import { loadConfig, readEnvironment } from '../config/load.ts';
import { createPriceList } from '../config/prices/price-list.ts';
import { eventPrices } from '../ledger/event-prices.ts';
import { forgetTotals } from '../ledger/rebuild.ts';
import { purgePeriods, readSnapshot } from '../ledger/saved-state.ts';
import { startLedger } from '../ledger/start.ts';
import type { PriceOf } from '../ledger/state/read-event.ts';
import { type Verification, verifyTotals } from '../ledger/verify.ts';
import type { AdminEvent } from '../schemas/routing.ts';
import { subjects } from '../schemas/subjects.ts';
import { connectToGateway } from './gateway-bus.ts';
import { showTotals } from './ledger-totals.ts';

const PROJECT_DIR = path.dirname(import.meta.dirname);
const POLL_MS = 100;
const USAGE = 'usage: npm run ledger -- rebuild | verify | show';

/** What the commands work with. */
interface Context {
  readonly bus: Bus;
  readonly log: Log;
  readonly priceOf: PriceOf;
  readonly dataDir: string;
}

const COMMANDS: Readonly<Record<string, (context: Context) => Promise<boolean>>> = {
  rebuild,
  verify,
  show,
};

async function main(): Promise<boolean> {
  const [name = '', ...rest] = process.argv.slice(2);
  const command = Object.hasOwn(COMMANDS, name) && rest.length === 0 ? COMMANDS[name] : undefined;
  if (command === undefined) throw new Error(USAGE);
  const config = loadConfig(readEnvironment(PROJECT_DIR), { projectDir: PROJECT_DIR });
  const log = createLog({
    level: config.logLevel === 'info' ? 'warn' : config.logLevel,
    name: 'ledger',
  });
  await using stack = new AsyncDisposableStack();
  const bus = await connectToGateway(config, { name: 'ledger', log, stack });
  return await command({
    bus,
    log,
    priceOf: eventPrices(createPriceList(config.prices)),
    dataDir: config.dataDir,
  });
}

async function rebuild(context: Context): Promise<boolean> {
  const { bus, log, priceOf, dataDir } = context;
  const store = createLedgerStore(bus);
  const startMs = performance.now();
  const { firstSequence, lastSequence, countsFromMs } = await forgetTotals(
    store,
    openEventLog(bus),
  );
  if (countsFromMs > 0) {
    say(`hours before ${date(countsFromMs)} are kept: their events have left the stream`);
  }
  await using events = startEventPublisher(bus, { log, dataDir });
  publishRebuild(events, { firstSequence, lastSequence });
  const ledgerId = `lg${randomBytes(12).toString('hex')}`;
  await using _ledger = await startLedger(bus, { ledgerId, events, priceOf, log });
  // A ledger that runs elsewhere may be the one that counts.
  while (((await readSnapshot(store))?.sequence ?? 0) < lastSequence) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const seconds = (performance.now() - startMs) / 1_000;
  say(`counted ${lastSequence - firstSequence + 1} events in ${seconds.toFixed(1)} s`);
  const found = await verifyTotals({ eventLog: openEventLog(bus), store, log, priceOf });
  await purgePeriods(store, found.strangers);
  return tell({ ...found, strangers: [] });
}

// For the books, and as a sign to a ledger that runs: at its next event it finds that its totals were set back.
function publishRebuild(events: EventPublisher, detail: AdminEvent['detail']): void {
  const id = `ledger-rebuild.${randomUUID()}`;
  const atMs = Date.now();
  const event: AdminEvent = { v: 1, id, atMs, action: 'ledger-rebuild', detail, from: 'cli' };
  events.publish(subjects.adminEvent(), id, event);
}

async function verify({ bus, log, priceOf }: Context): Promise<boolean> {
  const store = createLedgerStore(bus);
  return tell(await verifyTotals({ eventLog: openEventLog(bus), store, log, priceOf }));
}

async function show({ bus }: Context): Promise<boolean> {
  const snapshot = await readSnapshot(createLedgerStore(bus));
  if (snapshot === null) throw new Error('no totals are kept: no ledger has run yet');
  const { lastSequence } = await openEventLog(bus).range();
  say(showTotals(snapshot, lastSequence));
  return true;
}

function tell(found: Verification): boolean {
  const findings = [
    ...found.findings,
    ...found.strangers.map(
      (period) => `totals of ${period} are kept, but the log does not tell of it`,
    ),
  ];
  for (const finding of findings) say(`WRONG: ${finding}`);
  if (found.checkedFromMs > 0) {
    say(
      Number.isFinite(found.checkedFromMs)
        ? `totals before ${date(found.checkedFromMs)} cannot be checked: their events have left the stream`
        : 'no totals can be checked: their events have left the stream',
    );
  }
  const { firstSequence, lastSequence, periods } = found;
  const result = findings.length === 0 ? 'all is well' : `${findings.length} findings`;
  say(`${result}: events ${firstSequence} to ${lastSequence}, ${periods} closed periods`);
  return findings.length === 0;
}

function date(atMs: number): string {
  return new Date(atMs).toISOString();
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
