import assert from 'node:assert/strict';
import { test } from 'node:test';
import { subjects } from '../../schemas/subjects.ts';
import { messagesBody, post, startTestGateway } from '../support/gateway.ts';

test('nonsense on the bus harms nobody: the next request is served', async () => {
  await using gateway = await startTestGateway();
  const { connection } = gateway.bus;
  const pieces = ['', 'x', '\xff\xff\xff\xff', '\x05\x00\x00\x00{{{{{'].map((text) =>
    Buffer.from(text, 'latin1'),
  );
  const targets = [
    subjects.work('anthropic'),
    subjects.route(),
    subjects.body('nobody', 'nothing'),
    subjects.reply('nobody', 'nothing'),
  ];
  for (const subject of targets) {
    for (const piece of pieces) connection.publish(subject, piece, { reply: 'test.reply.x' });
  }
  await connection.flush();
  const answer = await post(`${gateway.url()}/v1/messages`, messagesBody());
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('x-gateway-provider'), 'anthropic');
});
