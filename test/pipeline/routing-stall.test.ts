import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messagesBody, post, startTestGateway } from '../support/gateway.ts';

const STALL = { fault: { kind: 'stall', at: 'before-headers' } } as const;
/** The gateway answers a quarter before its client gives up: after 3 s. */
const IMPATIENT = { 'x-stainless-timeout': '4' };

test('a stream that a provider never answers falls over while there is time', async () => {
  await using gateway = await startTestGateway();
  gateway.sandbox.control.enqueue('anthropic', STALL);
  const answer = await post(`${gateway.url()}/v1/messages`, messagesBody(), IMPATIENT);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get('x-gateway-fallback'), 'anthropic');
  assert.match(answer.text, /event: message_stop\s/);
});

test('where nobody else can be asked, a stream has the whole time', async () => {
  await using gateway = await startTestGateway();
  // Later than half of it.
  gateway.sandbox.control.enqueue('openrouter', { firstByteMs: 2_000 });
  const url = `${gateway.url('openrouter')}/v1/messages`;
  const answer = await post(url, messagesBody(), IMPATIENT);
  assert.equal(answer.status, 200, answer.text);
});

test('a whole message is not cut short: its first byte is its last', async () => {
  await using gateway = await startTestGateway();
  gateway.sandbox.control.enqueue('anthropic', { firstByteMs: 2_000 });
  const body = messagesBody({ stream: false });
  const answer = await post(`${gateway.url()}/v1/messages`, body, IMPATIENT);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get('x-gateway-provider'), 'anthropic');
});

test('a stall is known to the next request', async () => {
  await using gateway = await startTestGateway();
  const { control } = gateway.sandbox;
  control.setBehaviour('anthropic', STALL);
  const first = await post(`${gateway.url()}/v1/messages`, messagesBody(), IMPATIENT);
  assert.equal(first.headers.get('x-gateway-attempts'), '2');
  const next = await post(`${gateway.url()}/v1/messages`, messagesBody(), IMPATIENT);
  assert.equal(next.status, 200, next.text);
  assert.equal(next.headers.get('x-gateway-attempts'), '1');
});
