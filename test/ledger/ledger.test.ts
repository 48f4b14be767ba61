import assert from 'node:assert/strict';
import { closeSync, globSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { LIMITS } from '../../config/limits.ts';
import { readPeriod, readSnapshot, SNAPSHOT_KEY, snapshotBytes } from '../../ledger/saved-state.ts';
import { emptyState, type LedgerState } from '../../ledger/state/ledger-state.ts';
import { periodAt } from '../../ledger/state/periods.ts';
import { totalsOf } from '../../ledger/state/selectors.ts';
import { Sweeper } from '../../ledger/sweeper.ts';
import { STREAMS, subjects } from '../../schemas/subjects.ts';
import { eventually } from '../support/latch.ts';
import { reservation, reserved, usageEvent, used, writeEvents } from './support/events.ts';
import { startTestBus, type TestBus } from './support/gateway-bus.ts';
import { foldLogged, log } from './support/rig.ts';

const HOUR_MS = 3_600_000;

/** Usage events of attempts that end now, numbered from `first`. */
function entries(first: number, count: number) {
  const startedAtMs = Date.now() - 1_000;
  return Array.from({ length: count }, (_, index) =>
    used(usageEvent(`r${first + index}`, { startedAtMs, sessionId: `s${index % 7}` })),
  );
}

function today(state: LedgerState, kind: 'day' | 'month' = 'month') {
  return totalsOf(state, 'all', periodAt(Date.now(), kind));
}

test('what is used is counted, kept, and still known after a restart', async () => {
  await using bed = await startTestBus();
  await writeEvents(bed.bus, entries(0, 500));
  const told: number[] = [];
  {
    await using ledger = await bed.startLedger();
    ledger.onFolded((state) => told.push(state.sequence));
    await ledger.caughtUp;
    await writeEvents(bed.bus, [...entries(500, 100), ...entries(0, 100)]);
    await eventually(() => ledger.state.sequence === 700, 'the new ones');
    assert.equal(ledger.state.oddities.repeated, 100);
    await eventually(async () => (await bed.keptThrough()) === 700, 'kept');
  }
  assert.equal(told.at(-1), 700);
  await using again = await bed.startLedger();
  assert.deepEqual([again.state.sequence, today(again.state).entries], [700, 600]);
  assert.equal(today(again.state).picodollars, 600n * 1_234n);
  assert.deepEqual(await bed.findings(), []);
});

test('a ledger that starts before JetStream has anything to say comes to know it', async () => {
  await using bed = await startTestBus();
  await bed.nats.kill();
  await eventually(() => !bed.bus.isConnected, 'disconnected');
  await using ledger = await bed.startLedger();
  assert.equal(ledger.isCaughtUp, false);
  await bed.nats.restart();
  await ledger.caughtUp;
  await writeEvents(bed.bus, entries(0, 10));
  await eventually(() => ledger.state.sequence === 10, 'counted');
});

test('a restart of nats-server in between loses nothing and counts nothing twice', async () => {
  await using bed = await startTestBus();
  await using ledger = await bed.startLedger();
  for (let round = 0; round < 3; round += 1) {
    await writeEvents(bed.bus, entries(round * 300, 300));
    await bed.nats.kill();
    await bed.nats.restart();
    await bed.bus.whenConnected(10_000);
  }
  await eventually(() => writeEvents(bed.bus, entries(900, 1)).then(...asBoolean), 'written');
  await eventually(() => today(ledger.state).entries === 901, 'all of them');
  await eventually(async () => (await bed.keptThrough()) === ledger.state.sequence, 'kept');
  assert.deepEqual(await bed.findings(), []);
});

const asBoolean = [() => true, () => false] as const;

test('of two ledgers one writes, both know the same, and the other takes over', async () => {
  await using bed = await startTestBus();
  await using first = await bed.startLedger();
  await eventually(() => first.isActive, 'the first writes');
  {
    await using second = await bed.startLedger();
    await writeEvents(bed.bus, entries(0, 2_000));
    await eventually(
      () => first.state.sequence === 2_000 && second.state.sequence === 2_000,
      'both know',
    );
    assert.equal(second.isActive, false);
    assert.deepEqual(today(second.state), today(first.state));
    await first[Symbol.asyncDispose]();
    await writeEvents(bed.bus, entries(2_000, 50));
    await eventually(() => second.isActive, 'the second writes');
    await eventually(async () => (await bed.keptThrough()) === 2_050, 'kept');
    assert.equal(today(second.state).entries, 2_050);
  }
  assert.deepEqual(await bed.findings(), []);
});

test('an hour that is over is kept before the snapshot forgets it', async () => {
  await using bed = await startTestBus();
  // A ledger's last word of five hours ago, before the first event of the log.
  const state = emptyState();
  const thenMs = Date.now() - 5 * HOUR_MS;
  const { subject, event } = used(usageEvent('old', { startedAtMs: thenMs }));
  const data = Buffer.from(JSON.stringify(event));
  foldLogged(state, { sequence: 1, subject, data, storedAtMs: thenMs });
  Object.assign(state, { sequence: 0, storedAtMs: 0 });
  await bed.store.put(SNAPSHOT_KEY, snapshotBytes(state), 0);
  await using ledger = await bed.startLedger();
  const hour = periodAt(thenMs + 1_000, 'hour');
  assert.equal(totalsOf(ledger.state, 'all', hour).entries, 1);
  await writeEvents(bed.bus, entries(0, 1));
  await eventually(async () => (await bed.keptThrough()) === 1, 'kept');
  assert.equal((await readPeriod(bed.store, hour))?.total.entries, 1);
  const open = (await readSnapshot(bed.store))?.periods.map(([period]) => period);
  assert.equal(open?.includes(hour), false);
});

test('an event nobody can read is put aside and the rest is counted', async () => {
  await using bed = await startTestBus();
  await using ledger = await bed.startLedger();
  await eventually(() => ledger.isActive, 'it writes');
  const bad = { subject: subjects.usageEvent('anthropic'), event: { v: 1 } };
  await writeEvents(bed.bus, [bad, ...entries(0, 3)]);
  await eventually(() => today(ledger.state).entries === 3, 'the rest');
  const manager = await jetstreamManager(bed.bus.connection);
  const dead = () =>
    manager.streams.getMessage(STREAMS.events, { last_by_subj: subjects.deadEvent() });
  await eventually(async () => (await dead().catch(() => null)) !== null, 'put aside');
  const told = (await dead())?.json<{ sequence: number; subject: string }>();
  assert.deepEqual([told?.sequence, told?.subject], [1, bad.subject]);
  assert.equal(ledger.state.oddities.unreadable, 1);
});

test('a reservation that nobody ends is settled after its time, once, also by two ledgers', async () => {
  await using bed = await startTestBus();
  await using first = await bed.startLedger();
  await using second = await bed.startLedger();
  const startedAtMs = Date.now();
  await writeEvents(bed.bus, [
    reserved(reservation('a', { startedAtMs }), reservation('b', { startedAtMs })),
  ]);
  await writeEvents(bed.bus, [used(usageEvent('b', { startedAtMs }))]);
  await eventually(() => first.isCaughtUp && first.state.sequence === 2, 'reserved');
  await eventually(() => second.isCaughtUp && second.state.sequence === 2, 'reserved');
  const sweepers = [first, second].map(
    // Both may publish: the lease may change hands at any time.
    (ledger) => new Sweeper(asActive(ledger), { events: bed.events, log }),
  );
  const dueMs = startedAtMs + LIMITS.ledgerReservationMsMax + 60_000;
  const early = sweepers.map((sweeper) => sweeper.sweep(Date.now()));
  assert.deepEqual(early, [0, 0]);
  const swept = sweepers.map((sweeper) => sweeper.sweep(dueMs));
  assert.deepEqual(swept, [1, 1]);
  assert.equal(sweepers[0]?.sweep(dueMs), 0, 'not again while it is on its way');
  await eventually(() => first.state.reservations.size === 0, 'settled');
  await bed.events.flush(5_000);
  await eventually(() => second.state.reservations.size === 0, 'settled');
  const { picodollars, entries: count, estimatedPicodollars } = sumOfMonths(first.state);
  assert.deepEqual([picodollars, count, estimatedPicodollars], [1_534n, 2, 300n]);
});

function asActive(ledger: Awaited<ReturnType<TestBus['startLedger']>>) {
  return Object.create(ledger, { isActive: { value: true } }) as typeof ledger;
}

// Fifteen minutes later it may be another month.
function sumOfMonths(state: LedgerState) {
  const sum = { picodollars: 0n, entries: 0, estimatedPicodollars: 0n };
  for (const [period, { total }] of state.periods) {
    if (period.length !== 7) continue;
    sum.picodollars += total.picodollars;
    sum.estimatedPicodollars += total.estimatedPicodollars;
    sum.entries += total.entries;
  }
  return sum;
}

test('verify finds an event that was deleted, and one in which a bit was flipped on disk', async () => {
  await using bed = await startTestBus();
  await writeEvents(bed.bus, entries(0, 500));
  {
    await using ledger = await bed.startLedger();
    await ledger.caughtUp;
    await eventually(async () => (await bed.keptThrough()) === 500, 'kept');
  }
  assert.deepEqual(await bed.findings(), []);
  const manager = await jetstreamManager(bed.bus.connection);
  await manager.streams.deleteMessage(STREAMS.events, 100);
  const holes = await bed.findings();
  assert.ok(holes.includes('events 100 to 100 are missing in the log'), holes.join('\n'));
  flipOnDisk(bed, 'msg_r250');
  await bed.nats.kill();
  await bed.nats.restart();
  await bed.bus.whenConnected(10_000);
  // Servers drop what follows a damaged event, more or less cleanly: never without a finding.
  const lost = await bed.findings();
  assert.ok(
    lost.some((finding) =>
      /^the log ends at event 25\d|^events 25\d to \d+ are missing/.test(finding),
    ),
    lost.join('\n'),
  );
});

function flipOnDisk({ nats }: TestBus, text: string): void {
  for (const file of globSync(path.join(nats.dataDir, 'jetstream/**/EV/msgs/*.blk'))) {
    const at = readFileSync(file).indexOf(text);
    if (at < 0) continue;
    const descriptor = openSync(file, 'r+');
    writeSync(descriptor, 'n', at);
    closeSync(descriptor);
    return;
  }
  assert.fail(`${text} is in no block`);
}

test('50,000 entries: how long a rebuild and a restart take', async (context) => {
  await using bed = await startTestBus();
  // A server that syncs each write to disk is given as many as it takes in time.
  const endMs = performance.now() + 20_000;
  let count = 0;
  for (; count < 50_000 && performance.now() < endMs; count += 10_000) {
    await writeEvents(bed.bus, entries(count, 10_000));
  }
  for (const name of ['rebuild', 'restart from the snapshot']) {
    const startMs = performance.now();
    const ledger = await bed.startLedger();
    const loadedMs = performance.now() - startMs;
    await ledger.caughtUp;
    const seconds = (performance.now() - startMs) / 1_000;
    context.diagnostic(
      `${name}: readable after ${loadedMs.toFixed(0)} ms, ${count} entries after ${seconds.toFixed(2)} s`,
    );
    assert.equal(sumOfMonths(ledger.state).entries, count);
    await eventually(async () => (await bed.keptThrough()) === count, 'kept');
    await ledger[Symbol.asyncDispose]();
  }
});
