import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBatch } from '../../bus/codec.ts';
import { type Bus, connectBus } from '../../bus/connect.ts';
import { createLog } from '../../bus/log.ts';
import { subscribeObservations } from '../../bus/observation-feed.ts';
import { startObservationPublisher } from '../../bus/observation-publisher.ts';
import { LIMITS } from '../../config/limits.ts';
import type { Observation, ObservationBatch } from '../../schemas/observation.ts';
import { subjects } from '../../schemas/subjects.ts';
import { eventually, within } from '../support/latch.ts';
import { startTestNats, type TestNats } from '../support/nats.ts';

const log = createLog({ level: 'silent', name: 'test' });

function connect({ url: servers, user, password }: TestNats): Promise<Bus> {
  return connectBus({ servers, user, password, name: 'test', log });
}

function seen(fingerprint: string): Observation {
  return { kind: 'account', provider: 'anthropic', account: 'ANTHROPIC_API_KEY', fingerprint };
}

function fingerprints(batches: readonly ObservationBatch[]): readonly string[] {
  return batches.flatMap(({ observations }) =>
    observations.map((observation) =>
      observation.kind === 'account' ? observation.fingerprint : observation.kind,
    ),
  );
}

/** Collects batches; `until` resolves once this many observations came. */
function collect(bus: Bus) {
  const batches: ObservationBatch[] = [];
  subscribeObservations(bus, (batch) => void batches.push(batch), { log });
  const until = (count: number) =>
    eventually(() => fingerprints(batches).length >= count, `${count} observations`);
  return { batches, until };
}

test('observations travel in numbered batches, in order, whole', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using listener = await connect(nats);
  const { batches, until } = collect(listener);
  await listener.connection.flush();
  await using publisher = startObservationPublisher(bus, { source: 'wk1' });
  const names = Array.from({ length: 150 }, (_, index) => `${index}`);
  for (const name of names) publisher.add(seen(name));
  await until(names.length);
  assert.deepEqual(fingerprints(batches), names);
  assert.deepEqual(
    batches.map(({ sequence, observations }) => [sequence, observations.length]),
    [
      [1, 64],
      [2, 64],
      [3, 22],
    ],
  );
  assert.ok(batches.every(({ source, v }) => source === 'wk1' && v === 1));
});

test('where all routers are in the process they are heard, also without a server, and nothing is published', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  const { batches, until } = collect(bus);
  await using publisher = startObservationPublisher(bus, { source: 'wk1', isAlone: true });
  const before = bus.published;
  publisher.add(seen('a'));
  await until(1);
  const { promise: lost, resolve } = Promise.withResolvers<void>();
  bus.onDisconnect(resolve);
  await nats.kill();
  await lost;
  publisher.add(seen('b'), { isUrgent: true });
  assert.deepEqual(fingerprints(batches), ['a', 'b']);
  assert.equal(bus.published, before);
});

test('an urgent observation is heard before what is published after it, with those before it', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using listener = await connect(nats);
  const heard: string[] = [];
  const later = Promise.withResolvers<void>();
  subscribeObservations(listener, (batch) => void heard.push(...fingerprints([batch])), { log });
  listener.subscribe('later', () => later.resolve());
  await listener.connection.flush();
  await using publisher = startObservationPublisher(bus, { source: 'wk1' });
  publisher.add(seen('a'));
  publisher.add(seen('b'), { isUrgent: true });
  bus.publish('later', Buffer.from('x'));
  await within(later.promise, 'the later message');
  assert.deepEqual(heard, ['a', 'b']);
});

test('while the bus is down they wait; the oldest make room', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using listener = await connect(nats);
  const { batches, until } = collect(listener);
  await using publisher = startObservationPublisher(bus, { source: 'wk1' });
  await nats.kill();
  await eventually(() => !bus.isConnected && !listener.isConnected, 'disconnected');
  for (let index = 0; index < LIMITS.observationsQueuedMax + 5; index += 1) {
    publisher.add(seen(`${index}`), { isUrgent: true });
  }
  assert.equal(publisher.dropped, 5);
  await nats.restart();
  await Promise.all([bus, listener].map((each) => each.whenConnected(10_000)));
  await listener.connection.flush(); // its subscription is with the server again
  publisher.add(seen('last'), { isUrgent: true });
  await until(1);
  await eventually(() => fingerprints(batches).at(-1) === 'last', 'the last one');
});

test('nonsense is dropped and harms nobody', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  const { batches, until } = collect(bus);
  const subject = subjects.observations('wk1');
  const nonsense: unknown[] = [
    null,
    'text',
    {},
    { v: 2, source: 'a', sequence: 1, observations: [] },
    { v: 1, source: '', sequence: 1, observations: [] },
    { v: 1, source: 'a', sequence: -1, observations: [] },
    { v: 1, source: 'a', sequence: 1.5, observations: [] },
    { v: 1, source: 'a', sequence: 1, observations: [1] },
    { v: 1, source: 'a', sequence: 1, observations: 'all' },
  ];
  for (const value of nonsense) bus.publish(subject, encodeBatch(value));
  bus.publish(subject, Buffer.from([0xc1, 0xff]));
  bus.publish(subject, new Uint8Array(0));
  await using publisher = startObservationPublisher(bus, { source: 'wk1' });
  publisher.add(seen('good'), { isUrgent: true });
  await until(1);
  assert.deepEqual(fingerprints(batches), ['good']);
});

test('a router hears its own process at once, and once', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using other = await connect(nats);
  await using publisher = startObservationPublisher(bus, { source: 'wk1' });
  publisher.add(seen('before'), { isUrgent: true });
  const { batches, until } = collect(bus);
  await until(1);
  const elsewhere = collect(other);
  await other.connection.flush();
  assert.deepEqual(fingerprints(batches), ['before']);
  publisher.add(seen('a'));
  publisher.add(seen('b'), { isUrgent: true });
  assert.deepEqual(fingerprints(batches), ['before', 'a', 'b']);
  publisher.add(seen('c'), { isUrgent: true });
  assert.deepEqual(fingerprints(batches), ['before', 'a', 'b', 'c']);
  await using third = startObservationPublisher(other, { source: 'wk2' });
  third.add(seen('d'), { isUrgent: true });
  await until(5);
  assert.deepEqual(fingerprints(batches), ['before', 'a', 'b', 'c', 'd']);
  await elsewhere.until(4);
  assert.deepEqual(fingerprints(elsewhere.batches).toSorted(), ['a', 'b', 'c', 'd']);
});

test('who listens no more hears nothing, and who throws disturbs nobody', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using publisher = startObservationPublisher(bus, { source: 'wk1' });
  const heard: string[] = [];
  const throwing = subscribeObservations(
    bus,
    () => {
      throw new Error('not today');
    },
    { log },
  );
  const feed = subscribeObservations(bus, (batch) => void heard.push(...fingerprints([batch])), {
    log,
  });
  publisher.add(seen('a'), { isUrgent: true });
  assert.deepEqual(heard, ['a']);
  throwing.unsubscribe();
  feed.unsubscribe();
  publisher.add(seen('b'), { isUrgent: true });
  await bus.connection.flush();
  assert.deepEqual(heard, ['a']);
});

test('an observation is taken back as long as it has not left', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  const { batches } = collect(bus);
  await using publisher = startObservationPublisher(bus, { source: 'wk1' });
  const [a, b] = [seen('a'), seen('b')];
  publisher.add(a);
  publisher.add(b);
  assert.equal(publisher.withdraw(a), true);
  assert.equal(publisher.withdraw(a), false);
  publisher.add(seen('c'), { isUrgent: true });
  assert.equal(publisher.withdraw(b), false);
  assert.deepEqual(fingerprints(batches), ['b', 'c']);
});
