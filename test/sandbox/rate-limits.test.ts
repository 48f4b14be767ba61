import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRateWindows } from '../../sandbox/rate-windows.ts';
import { startSandbox } from '../../sandbox/start.ts';
import { callTarget, targetOf } from './call.ts';

test('every Anthropic answer tells its limits, and past them comes 429 with the time to wait', async () => {
  let nowMs = Date.UTC(2026, 10, 23, 12, 0, 0);
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0, nowMs: () => nowMs });
  sandbox.control.setBehaviour('anthropic', { limits: { requestsPerMinute: 2 } });
  const ask = (): ReturnType<typeof callTarget> =>
    callTarget(sandbox.url, targetOf('anthropic'), { stream: false });
  const first = await ask();
  assert.equal(first.headers['anthropic-ratelimit-requests-limit'], '2');
  assert.equal(first.headers['anthropic-ratelimit-requests-remaining'], '1');
  assert.equal(first.headers['anthropic-ratelimit-requests-reset'], '2026-11-23T12:00:30Z');
  assert.equal((await ask()).headers['anthropic-ratelimit-requests-remaining'], '0');
  const refused = await ask();
  assert.equal(refused.status, 429);
  assert.equal(refused.headers['retry-after'], '30');
  assert.equal(refused.headers['anthropic-ratelimit-requests-remaining'], '0');
  const { error } = JSON.parse(refused.text);
  assert.equal(error.type, 'rate_limit_error');
  assert.match(error.message, /your organization's rate limit of 2 requests per minute/);
  nowMs += 30_000;
  assert.equal((await ask()).status, 200);
  assert.equal((await ask()).status, 429);
});

test('input tokens are limited too; Vertex AI gives no time, OpenRouter does', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0, nowMs: () => 0 });
  const limits = { inputTokensPerMinute: 1_000 };
  const fields = { stream: false, system: 'x'.repeat(3_000) };
  for (const [provider, retryAfter] of [
    ['anthropic', /^\d+$/],
    ['vertex-claude', /^undefined$/],
    ['openrouter', /^\d+$/],
  ] as const) {
    sandbox.control.setBehaviour(provider, { limits });
    assert.equal((await callTarget(sandbox.url, targetOf(provider), fields)).status, 200);
    const refused = await callTarget(sandbox.url, targetOf(provider), fields);
    assert.equal(refused.status, 429);
    assert.match(String(refused.headers['retry-after']), retryAfter);
    if (provider !== 'anthropic') assert.equal(JSON.parse(refused.text).error.code, 429);
  }
});

test('a bucket never gives more than its limit and what flowed in', () => {
  const step = fc.record({ waitMs: fc.integer({ min: 0, max: 30_000 }), tokens: fc.nat(500) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const limits = {
        requestsPerMinute: 1e9,
        inputTokensPerMinute: 600,
        outputTokensPerMinute: 1e9,
      };
      const windows = createRateWindows(limits, 0);
      let nowMs = 0;
      let taken = 0;
      for (const { waitMs, tokens } of steps) {
        nowMs += waitMs;
        const exceeded = windows.take(tokens, nowMs);
        if (exceeded === null) taken += tokens;
        else
          assert.equal(
            windows.take(tokens, nowMs + exceeded.retryAfterMs),
            null,
            'the time given is enough',
          );
        if (exceeded !== null) {
          nowMs += exceeded.retryAfterMs;
          taken += tokens;
        }
        const { remaining, limit } = windows.state('input-tokens', nowMs);
        assert.ok(remaining >= 0 && remaining <= limit);
      }
      assert.ok(taken <= 600 + (nowMs * 600) / 60_000 + 1e-6);
    }),
  );
});
