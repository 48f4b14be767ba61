import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectBus } from '../../bus/connect.ts';
import { createLog } from '../../bus/log.ts';
import { within } from '../support/latch.ts';
import { startTestNats } from '../support/nats.ts';

const log = createLog({ level: 'silent', name: 'test' });

test('an event leaves alone after a moment, or before with what follows it, in order', async () => {
  await using nats = await startTestNats();
  const { url: servers, user, password } = nats;
  await using bus = await connectBus({ servers, user, password, name: 'test', log });
  await using other = await connectBus({ servers, user, password, name: 'other', log });
  const heard: string[] = [];
  let awaited = 1;
  let { promise, resolve } = Promise.withResolvers<void>();
  other.subscribe('out.*', ({ subject }) => {
    if (heard.push(subject) === awaited) resolve();
  });
  await other.connection.flush();
  const bytes = Buffer.from('x');
  bus.publishEvent('out.alone', bytes, 'nobody', 'id-1');
  assert.equal(bus.connection.stats().outMsgs, 0, 'it waits for company');
  await within(promise, 'the event that had no company');
  ({ promise, resolve } = Promise.withResolvers<void>());
  awaited = 4;
  bus.publishEvent('out.first', bytes, 'nobody', 'id-2');
  bus.publish('out.second', bytes);
  bus.sendNow();
  bus.publishEvent('out.third', bytes, 'nobody', 'id-3');
  await within(promise, 'all');
  assert.deepEqual(heard, ['out.alone', 'out.first', 'out.second', 'out.third']);
});
