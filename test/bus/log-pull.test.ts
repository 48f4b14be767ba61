import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AckPolicy, jetstreamManager } from '@nats-io/jetstream';
import { headers } from '@nats-io/nats-core';
import { type Bus, connectBus } from '../../bus/connect.ts';
import { readDelivery } from '../../bus/delivery.ts';
import { createLog } from '../../bus/log.ts';
import { LogPull, type PulledEvents } from '../../bus/log-pull.ts';
import { ensureStreams } from '../../bus/streams.ts';
import { LIMITS } from '../../config/limits.ts';
import { STREAMS, subjects } from '../../schemas/subjects.ts';
import { writeEvents } from '../ledger/support/events.ts';
import { startTestNats, type TestNats } from '../support/nats.ts';

const log = createLog({ level: 'silent', name: 'test' });

async function connect({ url: servers, user, password }: TestNats): Promise<Bus> {
  const bus = await connectBus({ servers, user, password, name: 'test', log });
  await ensureStreams(bus);
  return bus;
}

async function write(bus: Bus, count: number): Promise<void> {
  const event = { subject: subjects.adminEvent(), event: { v: 1 } };
  await writeEvents(
    bus,
    Array.from({ length: count }, () => event),
  );
}

async function startPull(bus: Bus): Promise<{ pull: LogPull; consumer: string }> {
  const manager = await jetstreamManager(bus.connection);
  const { name, num_pending: pending } = await manager.consumers.add(STREAMS.events, {
    ack_policy: AckPolicy.None,
    mem_storage: true,
  });
  return { pull: new LogPull(bus, { consumer: name, pending }), consumer: name };
}

function sequences(pulled: PulledEvents | null): readonly number[] {
  return (pulled ?? assert.fail('nothing was pulled')).events.map(({ sequence }) => sequence);
}

test('a question is answered with what there is, as much as fits', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  const batch = LIMITS.eventLogBatchMax;
  await write(bus, batch + 3);
  using pull = (await startPull(bus)).pull;
  assert.equal(pull.pending, batch + 3);
  const first = sequences(await pull.next());
  assert.deepEqual([first.length, first[0], first.at(-1), pull.pending], [batch, 1, batch, 3]);
  const rest = await pull.next();
  assert.deepEqual(sequences(rest), [batch + 1, batch + 2, batch + 3]);
  assert.deepEqual([pull.pending, rest?.isCutOff], [0, false]);
});

test('where there is nothing it waits for the first event; between two questions none is delivered', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  using pull = (await startPull(bus)).pull;
  const asked = pull.next();
  await write(bus, 1);
  assert.deepEqual(sequences(await asked), [1]);
  await write(bus, 40);
  const before = bus.connection.stats().inMsgs;
  await bus.connection.flush();
  assert.equal(bus.connection.stats().inMsgs, before);
  assert.equal(sequences(await pull.next()).length, 40);
});

test('a consumer that is gone makes it throw; what is disposed is answered with null', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  const { pull, consumer } = await startPull(bus);
  using _pull = pull;
  await (await jetstreamManager(bus.connection)).consumers.delete(STREAMS.events, consumer);
  await assert.rejects(pull.next());
  assert.equal(await pull.next(), null);
  using other = (await startPull(bus)).pull;
  const asked = other.next();
  other[Symbol.dispose]();
  assert.equal(await asked, null);
  assert.equal(await other.next(), null);
});

type Word = number | 'status 404' | 'status 408' | 'status 409';

/** A connection whose server says what the test wants: statuses differ by version, and no client may send deliveries. */
function scriptedPull(words: readonly Word[]): LogPull {
  let say: ((error: null, message: object) => void) | null = null;
  const bus = {
    connection: {
      isClosed: () => false,
      subscribe(_subject: string, { callback }: { callback: typeof say }) {
        say = callback;
        return { unsubscribe: () => undefined };
      },
    },
    publish(_subject: string, _data: Uint8Array, subject: string) {
      setImmediate(() => {
        for (const word of words)
          say?.(null, { subject, data: Buffer.from('{}'), ...spoken(word) });
      });
    },
  };
  return new LogPull(bus as unknown as Bus, { consumer: 'scripted', pending: 0 }); // what it uses
}

function spoken(word: Word): object {
  return typeof word === 'number'
    ? { reply: `$JS.ACK.EV.scripted.1.${word}.${word}.1700000000000000000.0` }
    : { headers: headers(Number(word.slice(-3)), 'scripted') };
}

for (const end of ['status 404', 'status 408'] as const) {
  test(`${end} ends an answer, with events and without`, async () => {
    using full = scriptedPull([1, 2, end]);
    const pulled = await full.next();
    assert.deepEqual([sequences(pulled), pulled?.isCutOff], [[1, 2], false]);
    using empty = scriptedPull([end]);
    assert.deepEqual(await empty.next(), { events: [], isCutOff: false });
  });
}

test('another status throws; a lost delivery ends it; an answer without an end is given out', async () => {
  using refused = scriptedPull(['status 409']);
  await assert.rejects(refused.next(), /409 scripted/);
  using lost = scriptedPull([1, 3, 'status 408']);
  assert.equal(await lost.next(), null);
  assert.equal(await lost.next(), null);
  using endless = scriptedPull([1, 2]);
  const pulled = await endless.next();
  assert.deepEqual([sequences(pulled), pulled?.isCutOff], [[1, 2], true]);
});

test('readDelivery() reads what old and new servers write, and nothing else', () => {
  const numbers = '1.7.5.1700000000123456789.2';
  const expected = {
    streamSequence: 7,
    deliverySequence: 5,
    storedAtMs: 1_700_000_000_123,
    pending: 2,
  };
  assert.deepEqual(readDelivery(`$JS.ACK.EV.name.${numbers}`), expected);
  assert.deepEqual(readDelivery(`$JS.ACK.hub.AB12.EV.name.${numbers}`), expected);
  assert.deepEqual(readDelivery(`$JS.ACK._.AB12.EV.name.${numbers}.r4nd`), expected);
  for (const nonsense of ['', '_INBOX.a.1', '$JS.ACK.EV', '$JS.ACK.EV.name.a.b.c.d.e']) {
    assert.equal(readDelivery(nonsense), null);
  }
});
