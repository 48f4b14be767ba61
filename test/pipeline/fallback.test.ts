import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messagesBody, post, startTestGateway } from '../support/gateway.ts';

/** Statuses that another provider may make good. */
const FAILOVER = [401, 402, 403, 404, 408, 410, 429, 500, 503, 529] as const;
/** Statuses that are the request's own fault. */
const FINAL = [400, 413, 422] as const;

test('a failure before the first byte falls over to the next provider', async (t) => {
  await using gateway = await startTestGateway();
  const { control } = gateway.sandbox;
  for (const status of FAILOVER) {
    for (const stream of [true, false]) {
      await t.test(`HTTP ${status}, stream ${stream}`, async () => {
        control.enqueue('anthropic', { fault: { kind: 'status', status } });
        const answer = await post(`${gateway.url()}/v1/messages`, messagesBody({ stream }));
        assert.equal(answer.status, 200);
        assert.equal(answer.headers.get('x-gateway-provider'), 'vertex-claude');
        assert.equal(answer.headers.get('x-gateway-attempts'), '2');
        if (stream) assert.match(answer.text, /event: message_stop\s/);
        else assert.equal(JSON.parse(answer.text).type, 'message');
      });
    }
  }
  for (const fault of [
    { kind: 'reset' },
    { kind: 'cut', afterEvents: 0 },
    { kind: 'error-event', at: 'first' },
    { kind: 'wrong-body', body: 'html' },
    { kind: 'wrong-body', body: 'empty' },
  ] as const) {
    await t.test(`fault ${JSON.stringify(fault)}`, async () => {
      control.enqueue('anthropic', { fault });
      const answer = await post(`${gateway.url()}/v1/messages`, messagesBody());
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('x-gateway-provider'), 'vertex-claude');
      assert.match(answer.text, /event: message_stop\s/);
      assert.equal(answer.text.match(/event: message_start/g)?.length, 1);
    });
  }
});

test("a fault of the request itself is answered with the provider's own words", async (t) => {
  await using gateway = await startTestGateway();
  for (const status of FINAL) {
    await t.test(`HTTP ${status}`, async () => {
      gateway.sandbox.control.enqueue('anthropic', {
        fault: { kind: 'status', status, message: 'field x: this is wrong' },
      });
      const answer = await post(`${gateway.url()}/v1/messages`, messagesBody());
      assert.equal(answer.status, status);
      assert.equal(answer.headers.get('x-gateway-attempts'), '1');
      assert.equal(JSON.parse(answer.text).error.message, 'field x: this is wrong');
    });
  }
});

test('a pinned port asks its own provider only', async () => {
  await using gateway = await startTestGateway();
  gateway.sandbox.control.enqueue('openrouter', {
    fault: { kind: 'status', status: 529, retryAfterSeconds: 7 },
  });
  const url = `${gateway.url('openrouter')}/v1/messages`;
  const answer = await post(url, messagesBody());
  assert.equal(answer.status, 529);
  assert.equal(JSON.parse(answer.text).error.type, 'overloaded_error');
  assert.equal(answer.headers.get('x-gateway-provider'), 'openrouter');
  const again = await post(url, messagesBody());
  assert.equal(again.status, 200);
});

test('after the first byte a failure becomes one error event and no other provider is asked', async () => {
  await using gateway = await startTestGateway();
  const { control } = gateway.sandbox;
  for (const fault of [
    { kind: 'cut', afterEvents: 6 },
    { kind: 'cut', afterEvents: 6, isMidEvent: true },
    { kind: 'no-message-stop' },
    { kind: 'error-event', at: 'after-text' },
    { kind: 'error-event', at: 'after-text', shape: 'bare-google' },
  ] as const) {
    control.enqueue('anthropic', { fault, outputTokens: 50, chunksPerTick: 1 });
    const seen = control.requests.length;
    const answer = await post(`${gateway.url()}/v1/messages`, messagesBody());
    assert.equal(answer.status, 200);
    assert.equal(answer.text.match(/^event: error\r?$/gm)?.length, 1, JSON.stringify(fault));
    assert.doesNotMatch(answer.text, /message_stop/);
    assert.ok(answer.text.endsWith('\n\n'), 'the last event is whole');
    assert.equal(control.requests.length, seen + 1);
  }
});

test('ENABLE_AUTO_FALLBACK=false leaves the first failure to the client', async () => {
  await using gateway = await startTestGateway({ environment: { ENABLE_AUTO_FALLBACK: 'false' } });
  gateway.sandbox.control.enqueue('anthropic', { fault: { kind: 'status', status: 529 } });
  const answer = await post(`${gateway.url()}/v1/messages`, messagesBody());
  assert.equal(answer.status, 529);
});

test('after three failures the client gets the preferred one', async () => {
  await using gateway = await startTestGateway();
  const { control } = gateway.sandbox;
  control.enqueue('anthropic', { fault: { kind: 'status', status: 500 } });
  control.enqueue('vertex-claude', {
    fault: { kind: 'status', status: 429, retryAfterSeconds: 3 },
  });
  control.enqueue('openrouter', { fault: { kind: 'status', status: 503 } });
  const answer = await post(`${gateway.url()}/v1/messages`, messagesBody());
  assert.equal(answer.status, 429);
  assert.equal(JSON.parse(answer.text).error.type, 'rate_limit_error');
  assert.equal(answer.headers.get('x-gateway-attempts'), '3');
});

test('a refused provider credential is never the client’s 401', async () => {
  await using gateway = await startTestGateway();
  gateway.sandbox.control.enqueue('openrouter', { fault: { kind: 'status', status: 401 } });
  const answer = await post(`${gateway.url('openrouter')}/v1/messages`, messagesBody());
  assert.ok([502, 503].includes(answer.status), `${answer.status}`);
  assert.equal(JSON.parse(answer.text).error.type, 'api_error');
  assert.doesNotMatch(answer.text, /sk-or-test/);
});

test('without a router the configured chain decides', async () => {
  await using gateway = await startTestGateway({ hasRouter: false });
  gateway.sandbox.control.enqueue('anthropic', { fault: { kind: 'status', status: 529 } });
  const answer = await post(`${gateway.url()}/v1/messages`, messagesBody());
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('x-gateway-provider'), 'vertex-claude');
});

test('a provider without workers is passed over at once', async () => {
  await using gateway = await startTestGateway({ workers: ['openrouter'] });
  const answer = await post(`${gateway.url()}/v1/messages`, messagesBody());
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('x-gateway-provider'), 'openrouter');
  assert.equal(answer.headers.get('x-gateway-attempts'), '1');
});

test('a pinned port whose provider is off says which variable turns it on', async () => {
  await using gateway = await startTestGateway({ environment: { OPENROUTER_API_KEY: '' } });
  const answer = await post(`${gateway.url('openrouter')}/v1/messages`, messagesBody());
  assert.equal(answer.status, 503);
  assert.match(JSON.parse(answer.text).error.message, /OPENROUTER_API_KEY/);
  assert.equal(answer.headers.get('x-should-retry'), 'false');
});
