import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messagesBody, post, startTestGateway } from '../support/gateway.ts';
import { eventually } from '../support/latch.ts';

const LIMITED = { fault: { kind: 'status', status: 429, retryAfterSeconds: 1 } } as const;

test('a rate limit of a second is waited for, once', async () => {
  await using gateway = await startTestGateway();
  const { control } = gateway.sandbox;
  const url = `${gateway.url('openrouter')}/v1/messages`;
  control.enqueue('openrouter', LIMITED);
  const startedAtMs = performance.now();
  const answer = await post(url, messagesBody());
  const tookMs = performance.now() - startedAtMs;
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get('x-gateway-attempts'), '2');
  assert.equal(answer.headers.get('x-gateway-fallback'), null);
  assert.ok(tookMs >= 990 && tookMs < 5_000, `${tookMs}`);
  assert.equal(control.requests.length, 2);
});

test('a provider that stays limited is not waited for again', async () => {
  await using gateway = await startTestGateway();
  const { control } = gateway.sandbox;
  control.enqueue('openrouter', LIMITED, LIMITED, LIMITED);
  const answer = await post(`${gateway.url('openrouter')}/v1/messages`, messagesBody());
  assert.equal(answer.status, 429);
  assert.equal(answer.headers.get('x-gateway-attempts'), '2');
  assert.equal(control.requests.length, 2);
});

test('a longer limit is told at once', async () => {
  await using gateway = await startTestGateway();
  gateway.sandbox.control.enqueue('openrouter', {
    fault: { kind: 'status', status: 429, retryAfterSeconds: 30 },
  });
  const answer = await post(`${gateway.url('openrouter')}/v1/messages`, messagesBody());
  assert.equal(answer.status, 429);
  assert.equal(answer.headers.get('retry-after'), '30');
});

test('a request that comes while the limit lasts waits for its end', async () => {
  await using gateway = await startTestGateway({ environment: { ENABLE_AUTO_FALLBACK: 'false' } });
  const { control } = gateway.sandbox;
  const url = `${gateway.url('openrouter')}/v1/messages`;
  control.enqueue('openrouter', LIMITED);
  assert.equal((await post(url, messagesBody())).status, 429);
  const answer = await post(url, messagesBody());
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get('x-gateway-route'), 'availability; waiting');
  assert.equal(answer.headers.get('x-gateway-attempts'), '1');
});

test('a client that leaves while it waits ends the wait, and nobody is called', async () => {
  await using gateway = await startTestGateway();
  const { control } = gateway.sandbox;
  control.enqueue('openrouter', LIMITED);
  const leaving = new AbortController();
  const limited = control.nextEnd({ provider: 'openrouter' });
  const request = fetch(`${gateway.url('openrouter')}/v1/messages`, {
    method: 'POST',
    body: messagesBody(),
    headers: { 'content-type': 'application/json' },
    signal: leaving.signal,
  });
  await limited;
  leaving.abort();
  await assert.rejects(request, { name: 'AbortError' });
  const isIdle = async (): Promise<boolean> => {
    const health = await fetch(`${gateway.url()}/health`);
    return JSON.parse(await health.text()).active_requests === 0;
  };
  await eventually(isIdle, 'no request open', 900);
  assert.equal(control.requests.length, 1);
});
