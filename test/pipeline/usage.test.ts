import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messagesBody, post, startTestGateway } from '../support/gateway.ts';

/** Providers in the chain's order. */
const ENVIRONMENT = { DEFAULT_ROUTING_STRATEGY: 'availability' };

test('every attempt has one usage event, with the provider’s own counts in disjoint parts', async () => {
  await using gateway = await startTestGateway({ environment: ENVIRONMENT });
  const { control } = gateway.sandbox;
  control.enqueue('anthropic', {
    outputTokens: 33,
    usage: {
      input_tokens: 11,
      cache_read_input_tokens: 200,
      cache_creation_input_tokens: 70,
      cache_creation: { ephemeral_5m_input_tokens: 30, ephemeral_1h_input_tokens: 40 },
      output_tokens: 33,
    },
  });
  const answer = await post(`${gateway.url()}/v1/messages`, messagesBody());
  const [event, ...others] = await gateway.usageEvents();
  assert.deepEqual(others, []);
  assert.equal(event?.requestId, answer.headers.get('request-id'));
  assert.equal(event?.provider, 'anthropic');
  assert.equal(event?.outcome, 'completed');
  assert.equal(event?.estimated, false);
  assert.equal(event?.stopReason, 'end_turn');
  assert.deepEqual(event?.usage, {
    inputTokens: 11,
    cacheReadInputTokens: 200,
    cacheCreation5mInputTokens: 30,
    cacheCreation1hInputTokens: 40,
    outputTokens: 33,
    reasoningOutputTokens: 0,
    webSearchRequests: 0,
  });
});

test('failed attempts, fallbacks and broken streams each have one event', async () => {
  await using gateway = await startTestGateway({ environment: ENVIRONMENT });
  const { control } = gateway.sandbox;
  control.enqueue('anthropic', { fault: { kind: 'status', status: 529 } });
  control.enqueue('vertex-claude', { fault: { kind: 'status', status: 500 } });
  await post(`${gateway.url()}/v1/messages`, messagesBody());
  // The two that have just failed are left alone for a moment.
  control.enqueue('openrouter', {
    fault: { kind: 'cut', afterEvents: 10 },
    outputTokens: 50,
    chunksPerTick: 1,
  });
  await post(`${gateway.url()}/v1/messages`, messagesBody());
  const events = await gateway.usageEvents();
  assert.deepEqual(
    events.map(({ provider, outcome, attempt }) => [provider, outcome, attempt]),
    [
      ['anthropic', 'failed', 0],
      ['vertex-claude', 'failed', 1],
      ['openrouter', 'completed', 2],
      ['openrouter', 'failed', 0],
    ],
  );
  const cut = events[3];
  assert.equal(cut?.estimated, true);
  assert.ok((cut?.usage.outputTokens ?? 0) > 0);
});

test('count_tokens is answered by the provider and costs nothing', async () => {
  await using gateway = await startTestGateway({ environment: ENVIRONMENT });
  const body = '{"model":"claude-sonnet-5-5","messages":[{"role":"user","content":"count me"}]}';
  const answer = await post(`${gateway.url()}/v1/messages/count_tokens?beta=true`, body);
  assert.equal(answer.status, 200);
  assert.ok(JSON.parse(answer.text).input_tokens > 0);
  assert.deepEqual(await gateway.usageEvents(), []);
});
