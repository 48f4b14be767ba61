import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messagesBody, post, startTestGateway } from '../support/gateway.ts';

// Deterministic guards of the hot path: immune to a noisy machine.

test('a short request costs at most nine messages on the bus', async () => {
  await using gateway = await startTestGateway();
  const before = gateway.published;
  await post(`${gateway.url()}/v1/messages`, messagesBody({ stream: false }));
  await gateway.usageEvents();
  // Its own: dispatch, ACCEPT (with a quick answer it travels along), HEAD+DATA+END, usage event. Shared with others where
  // there are many: the last acknowledgement, observations (two at most), reservation, outcome.
  const messages = gateway.published - before;
  assert.ok(messages <= 9, `${messages} messages`);
});

test('in one process a request of any length costs at most three: only what the ledger must hear leaves it', async () => {
  await using gateway = await startTestGateway({ isOneProcess: true });
  gateway.sandbox.control.enqueue('anthropic', { outputTokens: 200, chunksPerTick: 10 });
  const before = gateway.published;
  const { text } = await post(`${gateway.url()}/v1/messages`, messagesBody());
  await gateway.usageEvents();
  assert.equal(text.match(/event: content_block_delta/g)?.length, 200);
  // Reservation, usage event, outcome.
  const messages = gateway.published - before;
  assert.ok(messages <= 3, `${messages} messages`);
});

test('a burst of 200 chunks is coalesced', async () => {
  await using gateway = await startTestGateway();
  gateway.sandbox.control.enqueue('anthropic', { outputTokens: 200, chunksPerTick: 200 });
  const before = gateway.published;
  const { text } = await post(`${gateway.url()}/v1/messages`, messagesBody());
  await gateway.usageEvents();
  assert.equal(text.match(/event: content_block_delta/g)?.length, 200);
  const messages = gateway.published - before;
  assert.ok(messages <= 30, `${messages} messages for 200 chunks`);
});

test('a large body in one process is passed by reference: it is never published', async () => {
  await using gateway = await startTestGateway();
  const { connection } = gateway.bus;
  const before = connection.stats().outBytes;
  const body = messagesBody({ stream: false, system: 'x'.repeat(2_000_000) });
  const answer = await post(`${gateway.url()}/v1/messages`, body);
  assert.equal(answer.status, 200);
  assert.ok(connection.stats().outBytes - before < 50_000);
});
