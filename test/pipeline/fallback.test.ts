import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messagesBody, post, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { eventually } from '../support/latch.ts';

/** Statuses that another provider may make good. */
const FAILOVER = [401, 402, 403, 404, 408, 410, 429, 500, 503, 529] as const;
/** Statuses that are the request's own fault. */
const FINAL = [400, 413, 422] as const;

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** The routers forget earlier failures. */
async function forgetFailures(gateway: TestGateway): Promise<void> {
  for (const provider of gateway.config.chain) {
    const { status, text } = await post(`${gateway.url()}/admin/provider/${provider}/reset`, '{}');
    assert.equal(status, 200, text);
  }
}

function assertFellOver(answer: Answer): void {
  assert.equal(answer.status, 200, answer.text);
  assert.notEqual(answer.headers.get('x-gateway-provider'), 'anthropic');
  assert.equal(answer.headers.get('x-gateway-fallback'), 'anthropic');
  assert.equal(answer.headers.get('x-gateway-attempts'), '2');
  assert.equal(answer.headers.get('x-gateway-route'), 'availability; fallback');
}

test('a failure before the first byte falls over to the next provider', async (t) => {
  await using gateway = await startTestGateway();
  const { control } = gateway.sandbox;
  for (const status of FAILOVER) {
    for (const stream of [true, false]) {
      await t.test(`HTTP ${status}, stream ${stream}`, async () => {
        await forgetFailures(gateway);
        control.enqueue('anthropic', { fault: { kind: 'status', status } });
        const answer = await post(`${gateway.url()}/v1/messages`, messagesBody({ stream }));
        assertFellOver(answer);
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
      await forgetFailures(gateway);
      control.enqueue('anthropic', { fault });
      const answer = await post(`${gateway.url()}/v1/messages`, messagesBody());
      assertFellOver(answer);
      assert.match(answer.text, /event: message_stop\s/);
      assert.equal(answer.text.match(/event: message_start/g)?.length, 1);
    });
  }
});

test('the next provider is asked within 50 ms of a failure', async (t) => {
  await using gateway = await startTestGateway();
  const { control } = gateway.sandbox;
  const gapsMs: number[] = [];
  for (let round = 0; round < 15; round++) {
    await forgetFailures(gateway);
    const seen = control.requests.length;
    control.enqueue('anthropic', { fault: { kind: 'status', status: 529 } });
    assertFellOver(await post(`${gateway.url()}/v1/messages`, messagesBody()));
    const [failed, next] = control.requests.slice(seen);
    gapsMs.push((next?.startedAtMs ?? Number.NaN) - (failed?.endedAtMs ?? Number.NaN));
  }
  const median = gapsMs.toSorted((one, other) => one - other)[7];
  t.diagnostic(`${median} ms`);
  assert.ok(median !== undefined && median < 50, `${gapsMs}`);
});

test('an answer of the first provider tells no fallback', async () => {
  await using gateway = await startTestGateway();
  const answer = await post(`${gateway.url()}/v1/messages`, messagesBody());
  assert.equal(answer.headers.get('x-gateway-fallback'), null);
  assert.equal(answer.headers.get('x-gateway-route'), 'availability; availability');
  const pinned = await post(`${gateway.url('openrouter')}/v1/messages`, messagesBody());
  assert.equal(pinned.headers.get('x-gateway-route'), 'availability; pinned');
});

test('decisions, rate limits, fallbacks and health are counted', async () => {
  await using gateway = await startTestGateway();
  const { control } = gateway.sandbox;
  control.enqueue('anthropic', { fault: { kind: 'status', status: 429, retryAfterSeconds: 60 } });
  const answer = await post(`${gateway.url()}/v1/messages`, messagesBody());
  assertFellOver(answer);
  const second = answer.headers.get('x-gateway-provider');
  const lines = await metricLines(gateway);
  for (const line of [
    `route_decisions_total{strategy="availability",selected_provider="anthropic",reasoning="availability"} 1`,
    `route_decisions_total{strategy="availability",selected_provider="${second}",reasoning="fallback"} 1`,
    `rate_limits_detected_total{provider="anthropic",limit_type="unknown"} 1`,
    `fallback_attempts_total{from_provider="anthropic",to_provider="${second}",success="true"} 1`,
  ]) {
    assert.ok(
      lines.includes(line),
      `${line}\n${lines.filter((one) => /^[rf]/.test(one)).join('\n')}`,
    );
  }
  // The leading router writes its report about once a second.
  await eventually(async () => {
    const now = await metricLines(gateway);
    return gateway.config.chain.every((provider) =>
      now.some((line) => line.startsWith(`provider_health_score{provider="${provider}"} `)),
    );
  }, 'a health score for every provider');
});

async function metricLines(gateway: TestGateway): Promise<readonly string[]> {
  const response = await fetch(`${gateway.url()}/metrics`);
  return (await response.text()).split('\n');
}

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
    await forgetFailures(gateway);
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
