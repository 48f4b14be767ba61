import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { connectBus } from '../../bus/connect.ts';
import { EventSender } from '../../bus/event-sender.ts';
import { createLog } from '../../bus/log.ts';
import { ensureStreams } from '../../bus/streams.ts';
import { STREAMS, subjects } from '../../schemas/subjects.ts';
import { within } from '../support/latch.ts';
import { startPlainNats } from '../support/plain-nats.ts';

test('what is unanswered is told so as soon as the connection is lost: it lies in memory alone', async () => {
  await using nats = await startPlainNats();
  const log = createLog({ level: 'silent', name: 'test' });
  await using bus = await connectBus({ servers: nats.url, name: 'test', log });
  await ensureStreams(bus);
  const manager = await jetstreamManager(bus.connection);
  await manager.streams.update(STREAMS.events, { no_ack: true });
  using sender = new EventSender(bus);
  const fates: string[] = [];
  const lost = new Promise<readonly string[]>((resolve) => {
    bus.onDisconnect(() => resolve([...fates]));
  });
  const record = { subject: subjects.adminEvent(), id: 'a', data: Buffer.from('{}') };
  sender.send(record, ({ kind }) => fates.push(kind));
  await bus.connection.flush();
  assert.deepEqual(fates, []);
  await nats.kill();
  assert.deepEqual(await within(lost, 'the connection is lost'), ['unanswered']);
});
