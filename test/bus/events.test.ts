import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { type Bus, connectBus } from '../../bus/connect.ts';
import { type EventPublisher, startEventPublisher } from '../../bus/events.ts';
import { createLog } from '../../bus/log.ts';
import { createMetrics } from '../../bus/metrics.ts';
import { ensureStreams } from '../../bus/streams.ts';
import { LIMITS } from '../../config/limits.ts';
import { STREAMS, subjects } from '../../schemas/subjects.ts';
import { readEventStream } from '../support/gateway.ts';
import { eventually } from '../support/latch.ts';
import { type PlainNats, startPlainNats } from '../support/plain-nats.ts';

const log = createLog({ level: 'silent', name: 'test' });
const SUBJECT = subjects.adminEvent();

interface Setting extends AsyncDisposable {
  readonly nats: PlainNats;
  readonly bus: Bus;
  readonly dataDir: string;
  readonly events: EventPublisher;
  /** The numbers that the stream holds, in order. */
  stored(): Promise<readonly unknown[]>;
  spoolFiles(): readonly string[];
}

async function start(options: { replayMs?: number } = {}): Promise<Setting> {
  await using stack = new AsyncDisposableStack();
  const nats = stack.use(await startPlainNats());
  const bus = stack.use(await connectBus({ servers: nats.url, name: 'test', log }));
  await ensureStreams(bus);
  const dataDir = mkdtempSync(path.join(tmpdir(), 'gateway-test-'));
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const events = stack.use(startEventPublisher(bus, { log, dataDir, ...options }));
  const running = stack.move();
  return {
    nats,
    bus,
    dataDir,
    events,
    stored: async () =>
      (await readEventStream(bus)).map(({ json }) => (json as { number: number }).number),
    spoolFiles: () => filesIn(dataDir),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function filesIn(dataDir: string): readonly string[] {
  try {
    return readdirSync(path.join(dataDir, 'spool'));
  } catch {
    return []; // nothing was ever left
  }
}

function publish({ events }: Pick<Setting, 'events'>, from: number, to: number): void {
  for (let number = from; number < to; number += 1) {
    events.publish(SUBJECT, `event-${number}`, { number });
  }
}

function numbers(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

// JetStream stores and never says so: what a full disk looks like to its publishers.
async function setSilent({ bus }: Setting, isSilent: boolean): Promise<void> {
  const manager = await jetstreamManager(bus.connection);
  await manager.streams.update(STREAMS.events, { no_ack: isSilent });
}

test('while all is well events are acknowledged and no file is made', async () => {
  await using setting = await start();
  publish(setting, 0, 500);
  assert.ok(await setting.events.flush(5_000));
  assert.deepEqual(await setting.stored(), numbers(0, 500));
  assert.deepEqual([setting.events.dropped, setting.spoolFiles()], [0, []]);
  assert.equal(await setting.events.publishAcknowledged(SUBJECT, 'last', { number: 500 }), true);
});

for (const hasData of [true, false]) {
  test(`kill -9 of nats-server, back ${hasData ? 'with' : 'without'} its data: what was published meanwhile is stored once`, async () => {
    await using setting = await start();
    publish(setting, 0, 100);
    assert.ok(await setting.events.flush(5_000));
    await setting.nats.kill();
    await eventually(() => !setting.bus.isConnected, 'disconnected');
    publish(setting, 100, 1_500);
    await eventually(
      () => setting.events.spooledBytes > 0 && setting.spoolFiles().length > 0,
      'spooled',
    );
    assert.equal(
      await setting.events.publishAcknowledged(SUBJECT, 'event-1500', { number: 1_500 }),
      false,
    );
    await setting.nats.start({ hasData });
    assert.ok(await setting.events.flush(10_000));
    publish(setting, 1_501, 1_600);
    assert.ok(await setting.events.flush(5_000));
    const stored = (await setting.stored()).map(Number).toSorted((one, other) => one - other);
    assert.deepEqual(stored, numbers(hasData ? 0 : 100, 1_600));
    assert.deepEqual([setting.events.dropped, setting.spoolFiles()], [0, []]);
  });
}

test('a hung JetStream: events move to the disk after their time, and back once', async () => {
  await using setting = await start();
  await setSilent(setting, true);
  publish(setting, 0, 50);
  assert.equal(setting.events.pending, 50);
  await eventually(() => setting.events.pending === 0, 'given up');
  // Known to be away: from now on nobody waits for it.
  const startMs = performance.now();
  assert.equal(
    await setting.events.publishAcknowledged(SUBJECT, 'event-50', { number: 50 }),
    false,
  );
  assert.ok(performance.now() - startMs < 100);
  publish(setting, 51, 60);
  await setSilent(setting, false);
  assert.ok(await setting.events.flush(10_000));
  assert.deepEqual((await setting.stored()).toSorted(), numbers(0, 60).toSorted());
  assert.deepEqual(setting.spoolFiles(), []);
  assert.equal(await setting.events.publishAcknowledged(SUBJECT, 'event-60', { number: 60 }), true);
});

test('a publisher that waits is told no after the time for answers', async () => {
  await using setting = await start();
  await setSilent(setting, true);
  const startMs = performance.now();
  assert.equal(await setting.events.publishAcknowledged(SUBJECT, 'event-0', { number: 0 }), false);
  const waitedMs = performance.now() - startMs;
  assert.ok(waitedMs < LIMITS.eventAckMsMax + 500, `${waitedMs} ms`);
  await setSilent(setting, false);
  assert.ok(await setting.events.flush(10_000));
  assert.deepEqual(await setting.stored(), [0]);
});

test('what is not acknowledged at the end lies on disk', async () => {
  await using setting = await start();
  await setting.nats.kill();
  await eventually(() => !setting.bus.isConnected, 'disconnected');
  publish(setting, 0, 10);
  await setting.events[Symbol.asyncDispose]();
  assert.equal(setting.spoolFiles().length, 1);
  assert.ok(setting.events.spooledBytes > 0);
});

test('without a disk events wait in memory, and no more than the limit', async () => {
  await using setting = await start();
  writeFileSync(path.join(setting.dataDir, 'spool'), 'a file where the folder should be');
  await setting.nats.kill();
  await eventually(() => !setting.bus.isConnected, 'disconnected');
  publish(setting, 0, LIMITS.eventOutboxMax + 7);
  assert.equal(setting.events.dropped, 7);
  await setting.nats.start();
  assert.ok(await setting.events.flush(20_000));
  assert.equal((await setting.stored()).length, LIMITS.eventOutboxMax);
});

test('a full spool loses further events and says so', async () => {
  await using setting = await start();
  await setting.nats.kill();
  await eventually(() => !setting.bus.isConnected, 'disconnected');
  const megabyte = 'x'.repeat(2 ** 20);
  const fits = Math.floor(LIMITS.eventSpoolBytesMax / (megabyte.length + 200));
  for (let number = 0; number < fits + 5; number += 1) {
    setting.events.publish(SUBJECT, `event-${number}`, megabyte);
  }
  assert.ok(setting.events.dropped >= 4, `${setting.events.dropped}`);
  assert.ok(setting.events.spooledBytes <= LIMITS.eventSpoolBytesMax);
});

test('an event that the stream refuses for good is lost, the others are not', async () => {
  await using setting = await start({ replayMs: 20 });
  const manager = await jetstreamManager(setting.bus.connection);
  await manager.streams.update(STREAMS.events, { max_msg_size: 1_000 });
  publish(setting, 0, 5);
  setting.events.publish(SUBJECT, 'large', { number: 99, text: 'x'.repeat(5_000) });
  publish(setting, 5, 10);
  await eventually(() => setting.events.dropped === 1, 'given up', 30_000);
  assert.ok(await setting.events.flush(5_000));
  assert.deepEqual((await setting.stored()).toSorted(), numbers(0, 10).toSorted());
});

test('the files of a process that lives, and files of others, are left alone', async () => {
  await using setting = await start();
  await setting.nats.kill();
  await eventually(() => !setting.bus.isConnected, 'disconnected');
  publish(setting, 0, 3);
  await eventually(() => setting.spoolFiles().length === 1, 'spooled');
  mkdirSync(path.join(setting.dataDir, 'spool'), { recursive: true });
  writeFileSync(path.join(setting.dataDir, 'spool', 'notes.txt'), 'mine');
  const before = setting.spoolFiles();
  {
    await using _other = startEventPublisher(setting.bus, { log, dataDir: setting.dataDir });
  }
  assert.deepEqual(setting.spoolFiles(), before);
});

test('what is lost, and what waits, is in the metrics', async () => {
  const metrics = createMetrics();
  metrics.readEventsFrom({ dropped: 3, spooledBytes: 4_096 });
  const text = await metrics.render();
  assert.match(text, /^gateway_events_lost_total 3$/m);
  assert.match(text, /^gateway_events_spooled_bytes 4096$/m);
  assert.match(await metrics.render(), /^gateway_events_lost_total 3$/m);
});
