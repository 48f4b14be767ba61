import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Stats } from '../../ingress/stats.ts';
import { messagesBody, post, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { eventually } from '../support/latch.ts';

const CLIENT_KEY = 'client-key-for-tests-0001';

async function statsOf(gateway: TestGateway, headers: Record<string, string> = {}): Promise<Stats> {
  const response = await fetch(`${gateway.url()}/stats`, { headers });
  assert.equal(response.status, 200);
  return JSON.parse(await response.text());
}

async function healthOf(gateway: TestGateway) {
  const response = await fetch(`${gateway.url()}/health`);
  return JSON.parse(await response.text());
}

test('requests, decisions and providers are told', async () => {
  await using gateway = await startTestGateway();
  const { control } = gateway.sandbox;
  control.enqueue('openrouter', {
    fault: { kind: 'status', status: 429, retryAfterSeconds: 60 },
  });
  await post(`${gateway.url('openrouter')}/v1/messages`, messagesBody());
  await post(`${gateway.url()}/v1/messages`, messagesBody());
  await post(`${gateway.url()}/v1/messages`, messagesBody({ model: 'claude-opus-5-5' }));
  const stats = await statsOf(gateway);
  assert.deepEqual(stats.request_stats, {
    total_requests: 3,
    successful_requests: 2,
    failed_requests: 1,
    cancelled_requests: 0,
    fallback_requests: 0,
    rate_limited_requests: 1,
  });
  assert.equal(stats.active_requests, 0);
  assert.equal(stats.router_stats.strategy, 'availability');
  assert.equal(stats.router_stats.routers.length, 1);
  assert.ok(stats.router_stats.total_decisions >= 3);
  assert.equal(stats.provider_endpoints['openrouter'], gateway.url('openrouter'));
  assert.deepEqual(
    stats.providers.map(({ provider }) => provider).toSorted(),
    [...gateway.config.chain].toSorted(),
  );
  const [newest, ...older] = stats.recent_decisions;
  assert.ok(newest !== undefined);
  assert.equal(newest.requestModel, 'claude-opus-5-5');
  assert.ok(newest.candidates.length >= 1);
  assert.ok(older.every(({ atMs }) => atMs <= newest.atMs));
});

test('a hundred readers at once cost the routers one question', async () => {
  await using gateway = await startTestGateway();
  const published = gateway.bus.published;
  const all = await Promise.all(Array.from({ length: 100 }, () => statsOf(gateway)));
  assert.equal(all.length, 100);
  // One question and one answer; what routers write by themselves leaves room for a few more.
  assert.ok(gateway.bus.published - published < 20, `${gateway.bus.published - published}`);
});

test('statistics are for clients', async () => {
  await using gateway = await startTestGateway({ environment: { GATEWAY_API_KEYS: CLIENT_KEY } });
  const { status } = await fetch(`${gateway.url()}/stats`);
  assert.equal(status, 401);
  await statsOf(gateway, { 'x-api-key': CLIENT_KEY });
});

test('without a router there is still what the ingress counted', async () => {
  await using gateway = await startTestGateway({ hasRouter: false });
  await post(`${gateway.url()}/v1/messages`, messagesBody());
  const stats = await statsOf(gateway);
  assert.equal(stats.request_stats.total_requests, 1);
  assert.deepEqual(stats.router_stats.routers, []);
  assert.deepEqual(stats.recent_decisions, []);
});

test('health tells how providers do and how many requests there were', async () => {
  await using gateway = await startTestGateway();
  await post(`${gateway.url()}/v1/messages`, messagesBody());
  await eventually(async () => {
    const { provider_health } = await healthOf(gateway);
    return Object.keys(provider_health).length === gateway.config.chain.length;
  }, 'health of every provider');
  const health = await healthOf(gateway);
  assert.equal(health.stats.total_requests, 1);
  assert.equal(health.active_requests, 0);
  assert.equal(health.ports.openrouter, gateway.ports.openrouter);
  for (const provider of gateway.config.chain) {
    assert.equal(health.provider_health[provider].status, 'available');
  }
});
