import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bus, type BusMessage, connectBus } from '../../bus/connect.ts';
import { createLog } from '../../bus/log.ts';
import { startTestNats, type TestNats } from '../support/nats.ts';

const log = createLog({ level: 'silent', name: 'test' });
const always = (): boolean => true;

async function connect({ url: servers, user, password }: TestNats): Promise<Bus> {
  return connectBus({ servers, user, password, name: 'test', log });
}

/** Collects messages, and resolves once there are `count`. */
function collector(count: number) {
  const { promise, resolve } = Promise.withResolvers<readonly string[]>();
  const texts: string[] = [];
  return {
    texts,
    all: promise,
    take(message: BusMessage): void {
      texts.push(`${message.subject} ${Buffer.from(message.data)} ${message.reply}`);
      if (texts.length === count) resolve(texts);
    },
  };
}

test('a message stays in the process whose listener is willing: in order, with its reply, none over nats-server', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  const { take, all, texts } = collector(4);
  bus.subscribe('a.own.*', take, { isWillingHere: always });
  const before = bus.published;
  for (const name of ['one', 'two', 'three']) bus.publish(`a.own.${name}`, Buffer.from(name), 'r');
  bus.publish('a.own.four', Buffer.from('4'));
  assert.equal(texts.length, 0, 'a listener is never called inside a publish');
  assert.deepEqual(await all, [
    'a.own.one one r',
    'a.own.two two r',
    'a.own.three three r',
    'a.own.four 4 ',
  ]);
  assert.equal(bus.published, before);
});

test('it stays also while nats-server is away', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  const { take, all } = collector(1);
  bus.subscribe('a.own.*', take, { isWillingHere: always });
  const { promise: lost, resolve } = Promise.withResolvers<void>();
  bus.onDisconnect(resolve);
  await nats.kill();
  await lost;
  bus.publish('a.own.b', Buffer.from('c'));
  assert.deepEqual(await all, ['a.own.b c ']);
});

test('what a listener is not willing to take goes to another of its queue group', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using other = await connect(nats);
  let isWilling = true;
  const here = collector(1);
  const there = collector(1);
  const mine = bus.subscribe('work', here.take, { queue: 'pool', isWillingHere: () => isWilling });
  other.subscribe('work', there.take, { queue: 'pool' });
  await Promise.all([bus.connection.flush(), other.connection.flush()]);
  for (let count = 0; count < 20; count += 1) bus.publish('work', Buffer.from('mine'));
  await here.all;
  assert.equal(here.texts.length, 20);
  isWilling = false;
  mine.unsubscribe();
  bus.publish('work', Buffer.from('yours'));
  assert.deepEqual(await there.all, ['work yours ']);
  assert.equal(here.texts.length, 20);
});

test('a listener that throws, at once or later, keeps nobody else from hearing', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  const { take, all } = collector(1);
  bus.subscribe('a.bad.*', () => assert.fail('at once'), { isWillingHere: always });
  bus.subscribe('a.late.*', async () => assert.fail('later'), { isWillingHere: always });
  bus.subscribe('a.good.*', take, { isWillingHere: always });
  for (const name of ['bad', 'late', 'good']) bus.publish(`a.${name}.x`, Buffer.from('y'));
  assert.deepEqual(await all, ['a.good.x y ']);
});

test('a drain delivers what was taken, and takes no more', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  const { take, texts } = collector(1);
  const subscription = bus.subscribe('a.own.*', take, { isWillingHere: always });
  bus.publish('a.own.b', Buffer.from('before'));
  await subscription.drain();
  assert.deepEqual(texts, ['a.own.b before ']);
  const before = bus.published;
  bus.publish('a.own.b', Buffer.from('after'));
  assert.equal(bus.published, before + 1);
});
