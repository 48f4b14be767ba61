import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { type Bus, connectBus } from '../../bus/connect.ts';
import { type EventLog, openEventLog } from '../../bus/event-log.ts';
import type { LoggedEvent } from '../../bus/event-stream.ts';
import { createLog } from '../../bus/log.ts';
import { ensureStreams } from '../../bus/streams.ts';
import { LIMITS } from '../../config/limits.ts';
import { STREAMS, subjects } from '../../schemas/subjects.ts';
import { writeEvents } from '../ledger/support/events.ts';
import { createLatch, eventually, within } from '../support/latch.ts';
import { startTestNats, type TestNats } from '../support/nats.ts';

const log = createLog({ level: 'silent', name: 'test' });

function connect({ url: servers, user, password }: TestNats): Promise<Bus> {
  return connectBus({ servers, user, password, name: 'test', log });
}

async function write(bus: Bus, count: number): Promise<void> {
  const event = { subject: subjects.adminEvent(), event: { v: 1 } };
  await writeEvents(
    bus,
    Array.from({ length: count }, () => event),
  );
}

/** Reads from a sequence on and notes what came. */
function readFrom(eventLog: EventLog, after: number) {
  const sequences: number[] = [];
  let wasLast = false;
  let isReplaced = false;
  const reader = eventLog.read({
    after,
    log,
    onEvents(events: readonly LoggedEvent[], areLast) {
      sequences.push(...events.map(({ sequence }) => sequence));
      wasLast = areLast;
    },
    onReplaced() {
      isReplaced = true;
    },
  });
  return {
    sequences,
    wasLast: () => wasLast,
    isReplaced: () => isReplaced,
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
  };
}

function from(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

test('events come in order, from where one wants, and as they are written', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await ensureStreams(bus);
  const eventLog = openEventLog(bus);
  const startMs = Date.now();
  await write(bus, 2_500);
  await using all = readFrom(eventLog, 0);
  await using later = readFrom(eventLog, 2_000);
  await eventually(() => all.wasLast() && later.wasLast(), 'all there is');
  await write(bus, 10);
  await eventually(() => all.sequences.length === 2_510, 'the new ones');
  await eventually(() => later.sequences.length === 510, 'the new ones');
  assert.deepEqual(all.sequences, from(1, 2_510));
  assert.deepEqual(later.sequences, from(2_001, 2_510));
  const range = await eventLog.range();
  assert.deepEqual([range.firstSequence, range.lastSequence], [1, 2_510]);
  const storedAtMs = (await eventLog.storedAt(1)) ?? assert.fail('not there');
  assert.ok(Math.abs(range.firstStoredAtMs - storedAtMs) <= 1 && storedAtMs >= startMs - 1);
  assert.equal(await eventLog.storedAt(9_999), null);
});

test('an empty log is read to its end at once', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await ensureStreams(bus);
  const eventLog = openEventLog(bus);
  await using reader = readFrom(eventLog, 0);
  await eventually(() => reader.wasLast(), 'told');
  const { firstSequence, lastSequence, firstStoredAtMs } = await eventLog.range();
  assert.deepEqual([firstSequence, lastSequence, firstStoredAtMs], [1, 0, 0]);
});

test('events that follow each other soon are told together, and the last one is told as the last', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await ensureStreams(bus);
  const told: number[] = [];
  let wasLast = false;
  await using _reader = openEventLog(bus).read({
    after: 0,
    log,
    onEvents(events, areLast) {
      told.push(events.length);
      wasLast = areLast;
    },
    onReplaced: () => assert.fail('replaced'),
  });
  const startedAtMs = performance.now();
  // As many as are asked for at once: the end of one question is the end of the log.
  for (let count = 0; count < LIMITS.eventLogBatchMax; count += 10) await write(bus, 10);
  const sum = (): number => told.reduce((all, each) => all + each, 0);
  await eventually(() => sum() === LIMITS.eventLogBatchMax && wasLast, 'all, and told so');
  const full = told.filter((count) => count >= 200).length;
  const callsMax = (performance.now() - startedAtMs) / (LIMITS.eventLogGatherMs - 2) + full + 3;
  assert.ok(told.length <= callsMax, `${told.length} calls, ${callsMax} at most`);
});

test('a restart of the server and events written meanwhile: each comes once, in order', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using writer = await connect(nats);
  await ensureStreams(bus);
  await write(writer, 3_000);
  await using reader = readFrom(openEventLog(bus), 0);
  await eventually(() => reader.sequences.length > 500, 'in the middle');
  await nats.kill();
  await nats.restart();
  await writer.whenConnected(10_000);
  await eventually(() => write(writer, 500).then(...asBoolean), 'written');
  await eventually(async () => {
    const { lastSequence } = await openEventLog(writer).range();
    return reader.sequences.length >= lastSequence;
  }, 'everything');
  assert.deepEqual(reader.sequences, from(1, reader.sequences.length));
});

const asBoolean = [() => true, () => false] as const;

test('a listener that is busy is told no more, and no more is asked for than it can be told', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await ensureStreams(bus);
  await write(bus, 4 * LIMITS.eventLogBatchMax);
  const { opened: released, open: release } = createLatch();
  const { opened: called, open } = createLatch();
  const told: number[] = [];
  const before = bus.connection.stats().inMsgs;
  await using _reader = openEventLog(bus).read({
    after: 0,
    log,
    async onEvents(events) {
      told.push(...events.map(({ sequence }) => sequence));
      open();
      await released;
    },
    onReplaced: () => assert.fail('it was not'),
  });
  await within(called, 'the first events');
  const soFar = told.length;
  await bus.connection.flush();
  await bus.connection.flush();
  assert.equal(told.length, soFar, 'one call at a time');
  const received = bus.connection.stats().inMsgs - before;
  assert.ok(received <= LIMITS.eventLogBatchMax + 20, `${received} messages`);
  release();
  await eventually(() => told.length === 4 * LIMITS.eventLogBatchMax, 'the others');
  assert.deepEqual(told, from(1, told.length));
});

test('holes are passed over; a consumer that is deleted is made anew', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await ensureStreams(bus);
  await write(bus, 10);
  const manager = await jetstreamManager(bus.connection);
  await manager.streams.deleteMessage(STREAMS.events, 4);
  await using reader = readFrom(openEventLog(bus), 0);
  await eventually(() => reader.sequences.length === 9, 'all but one');
  assert.deepEqual(reader.sequences, [1, 2, 3, 5, 6, 7, 8, 9, 10]);
  for await (const { name } of manager.consumers.list(STREAMS.events)) {
    await manager.consumers.delete(STREAMS.events, name);
  }
  await write(bus, 1);
  await eventually(() => reader.sequences.at(-1) === 11, 'the next');
  assert.equal(reader.sequences.length, 10);
});

test('a stream that was made anew is told, and is not read on', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await ensureStreams(bus);
  await write(bus, 5);
  await using reader = readFrom(openEventLog(bus), 0);
  await eventually(() => reader.sequences.length === 5, 'the first stream');
  await (await jetstreamManager(bus.connection)).streams.delete(STREAMS.events);
  await ensureStreams(bus);
  await write(bus, 20);
  await eventually(() => reader.isReplaced(), 'told');
  assert.equal(reader.sequences.length, 5);
});
