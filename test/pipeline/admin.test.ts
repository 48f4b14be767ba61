import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AdminEvent } from '../../schemas/routing.ts';
import { subjects } from '../../schemas/subjects.ts';
import { messagesBody, post, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { createLatch, eventually, within } from '../support/latch.ts';

const ADMIN_KEY = 'admin-key-for-tests-0001';
const CLIENT_KEY = 'client-key-for-tests-0001';

async function get(gateway: TestGateway, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${gateway.url()}${path}`, { headers });
  return { status: response.status, text: await response.text() };
}

function admin(
  gateway: TestGateway,
  path: string,
  { body, headers = {} }: { body: unknown; headers?: Record<string, string> },
) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return post(`${gateway.url()}/admin/${path}`, text, headers);
}

function errorOf(text: string): { readonly type: string; readonly message: string } {
  const body = JSON.parse(text);
  assert.equal(body.type, 'error');
  return body.error;
}

test('the strategy is changed for every request that follows', async () => {
  await using gateway = await startTestGateway();
  const written = createLatch<AdminEvent>();
  gateway.bus.subscribe(subjects.adminEvent(), ({ data }) =>
    written.open(JSON.parse(Buffer.from(data).toString())),
  );
  const answer = await admin(gateway, 'routing-strategy', { body: { strategy: 'cost' } });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(JSON.parse(answer.text), { message: 'Routing strategy updated to cost' });
  const { action, detail, from } = await within(written.opened, 'the event');
  assert.deepEqual([action, detail], ['routing-strategy', { strategy: 'cost' }]);
  assert.match(from, /127\.0\.0\.1$/);
  await eventually(async () => {
    const { headers } = await post(`${gateway.url()}/v1/messages`, messagesBody());
    return headers.get('x-gateway-route')?.startsWith('cost; ') ?? false;
  }, 'a decision by cost');
  await eventually(async () => {
    const { text } = await get(gateway, '/health');
    return JSON.parse(text).routing.strategy === 'cost';
  }, 'the strategy in /health');
});

test('what is no strategy, no JSON, too large or of another type is refused', async () => {
  await using gateway = await startTestGateway();
  const cases = [
    [{ strategy: 'best' }, 400, /Invalid routing strategy.*intelligent, cost, performance, avail/],
    [{}, 400, /^strategy: /],
    [{ strategy: 'cost', more: 1 }, 400, /more/],
    [[], 400, /object/],
    ['{"strategy":', 400, /not valid JSON/],
    [{ strategy: 'c'.repeat(70_000) }, 413, /65536/],
  ] as const;
  for (const [body, status, message] of cases) {
    const answer = await admin(gateway, 'routing-strategy', { body });
    assert.equal(answer.status, status, answer.text);
    assert.match(errorOf(answer.text).message, message);
  }
  const form = await admin(gateway, 'routing-strategy', {
    body: '{"strategy":"cost"}',
    headers: { 'content-type': 'text/plain' },
  });
  assert.equal(form.status, 415);
  const untyped = await fetch(`${gateway.url()}/admin/routing-strategy`, {
    method: 'POST',
    body: new Blob(['{"strategy":"cost"}']),
  });
  assert.equal(untyped.status, 415, await untyped.text());
});

test('a provider in maintenance is asked by nobody until it is back', async () => {
  await using gateway = await startTestGateway();
  const { control } = gateway.sandbox;
  const messages = `${gateway.url('openrouter')}/v1/messages`;
  const out = await admin(gateway, 'provider/openrouter/maintenance', { body: { enabled: true } });
  assert.equal(out.status, 200, out.text);
  assert.equal(JSON.parse(out.text).maintenance, true);
  await eventually(async () => (await post(messages, messagesBody())).status === 503, 'refusal');
  const seen = control.requests.length;
  const refused = await post(messages, messagesBody());
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get('x-should-retry'), 'false');
  assert.match(refused.headers.get('x-gateway-route') ?? '', /; nobody$/);
  const { type, message } = errorOf(refused.text);
  assert.equal(type, 'api_error');
  assert.match(message, /openrouter is in maintenance/);
  assert.equal(control.requests.length, seen);
  await eventually(async () => {
    const { text } = await get(gateway, '/admin/provider/openrouter/health');
    return JSON.parse(text).status === 'maintenance';
  }, 'maintenance in its health');
  await admin(gateway, 'provider/openrouter/maintenance', { body: { enabled: false } });
  await eventually(async () => (await post(messages, messagesBody())).status === 200, 'answers');
});

test("a provider's health has the counts, the limits and the accounts", async () => {
  await using gateway = await startTestGateway();
  await post(`${gateway.url('vertex-claude')}/v1/messages`, messagesBody({ stream: false }));
  await eventually(async () => {
    const { status, text } = await get(gateway, '/admin/provider/vertex/health');
    return status === 200 && JSON.parse(text).metrics.success_count === 1;
  }, 'one success');
  const health = JSON.parse((await get(gateway, '/admin/provider/vertex/health')).text);
  assert.equal(health.provider, 'vertex-claude');
  assert.equal(health.status, 'available');
  assert.equal(health.metrics.error_count, 0);
  assert.equal(typeof health.metrics.avg_response_time, 'number');
  assert.ok(Date.parse(health.metrics.last_success) > Date.now() - 60_000);
  assert.equal(health.metrics.last_error, null);
  assert.equal(health.rate_limit_info.is_limited, false);
  assert.equal(health.accounts.length, 1);
  assert.ok(health.score > 0 && health.score <= 1);
  const { provider_health, routing } = JSON.parse((await get(gateway, '/health')).text);
  assert.equal(provider_health['vertex-claude'].success_rate, 1);
  assert.equal(routing.strategy, 'availability');
});

test('a limited provider is open again after a reset', async () => {
  await using gateway = await startTestGateway();
  gateway.sandbox.control.enqueue('openrouter', {
    fault: { kind: 'status', status: 429, retryAfterSeconds: 600 },
  });
  const messages = `${gateway.url('openrouter')}/v1/messages`;
  assert.equal((await post(messages, messagesBody())).status, 429);
  const statusIs = (wanted: string) =>
    eventually(async () => {
      const { text } = await get(gateway, '/admin/provider/openrouter/health');
      return JSON.parse(text).status === wanted;
    }, wanted);
  await statusIs('rate_limited');
  const health = JSON.parse((await get(gateway, '/admin/provider/openrouter/health')).text);
  assert.equal(health.rate_limit_info.is_limited, true);
  assert.ok(health.rate_limit_info.retry_after_seconds > 500);
  const reset = await admin(gateway, 'provider/openrouter/reset', {
    body: { account: 'OPENROUTER_API_KEY' },
  });
  assert.equal(reset.status, 200, reset.text);
  await statusIs('available');
});

test('unknown providers and paths are 404; one that is off says why', async () => {
  await using gateway = await startTestGateway({ environment: { GITHUB_TOKEN: '' } });
  const unknown = await get(gateway, '/admin/provider/nobody/health');
  assert.equal(unknown.status, 404);
  assert.match(errorOf(unknown.text).message, /known are .*openrouter/);
  assert.equal((await get(gateway, '/admin/provider/constructor/health')).status, 404);
  assert.equal((await get(gateway, '/admin/provider/openrouter/nothing')).status, 404);
  assert.equal((await get(gateway, '/admin/provider/openrouter/reset')).status, 404);
  const off = JSON.parse((await get(gateway, '/admin/provider/github/health')).text);
  assert.equal(off.status, 'disabled');
  assert.match(off.reason, /GITHUB_TOKEN/);
});

test('with ADMIN_API_KEY only that key administers', async () => {
  await using gateway = await startTestGateway({
    environment: { ADMIN_API_KEY: ADMIN_KEY, GATEWAY_API_KEYS: CLIENT_KEY },
  });
  const body = { strategy: 'cost' };
  const asked = (headers: Record<string, string>) =>
    admin(gateway, 'routing-strategy', { body, headers });
  for (const headers of [{}, { 'x-api-key': CLIENT_KEY }, { 'x-api-key': `${ADMIN_KEY}x` }]) {
    const answer = await asked(headers);
    assert.equal(answer.status, 401);
    assert.match(errorOf(answer.text).message, /ADMIN_API_KEY/);
  }
  assert.equal((await asked({ 'x-api-key': ADMIN_KEY })).status, 200);
  assert.equal((await asked({ authorization: `Bearer ${ADMIN_KEY}` })).status, 200);
  const { status } = await post(`${gateway.url()}/v1/messages`, messagesBody(), {
    'x-api-key': ADMIN_KEY,
  });
  assert.equal(status, 401, "the administrator's key is no client key");
});

test('without a router the administrator is told so', async () => {
  await using gateway = await startTestGateway({ hasRouter: false });
  const answer = await admin(gateway, 'routing-strategy', { body: { strategy: 'cost' } });
  assert.equal(answer.status, 503);
  assert.match(errorOf(answer.text).message, /no router/);
  const health = await get(gateway, '/admin/provider/openrouter/health');
  assert.equal(health.status, 503);
  assert.match(errorOf(health.text).message, /no router/);
});
