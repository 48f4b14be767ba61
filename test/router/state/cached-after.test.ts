import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cachedAfter } from '../../../router/state/cached-after.ts';
import type { AttemptEnded } from '../../../schemas/observation.ts';
import type { Target } from '../../../schemas/target.ts';
import { NO_USAGE, type Usage } from '../../../schemas/usage.ts';
import { endedAt } from '../support/observations.ts';

const CLAUDE: Target = {
  provider: 'openrouter',
  account: 'KEY',
  upstreamModel: 'anthropic/claude-sonnet-5.5',
};
const GEMINI: Target = { provider: 'vertex-gemini', account: 'P', upstreamModel: 'gemini-3-pro' };

function after(
  target: Target,
  usage: Partial<Usage>,
  rest: Partial<AttemptEnded> & { isFirst?: boolean } = {},
): readonly number[] {
  const { isFirst = true, ...more } = rest;
  const ended = endedAt(target, 'req_1.0', {
    cacheTtlMs: 3_600_000,
    usage: { ...NO_USAGE, ...usage },
    ...more,
  });
  const { cachedTokens, ttlMs } = cachedAfter(ended, { isFirst });
  return [cachedTokens, ttlMs];
}

test('of Claude’s prompts what was read and written is cached, for as long as was asked', () => {
  const usage = { inputTokens: 9_000, cacheReadInputTokens: 700, cacheCreation1hInputTokens: 300 };
  assert.deepEqual(after(CLAUDE, usage), [1_000, 3_600_000]);
  assert.deepEqual(after(CLAUDE, usage, { cacheTtlMs: 0 }), [1_000, 0]);
  assert.deepEqual(after(CLAUDE, { inputTokens: 9_000 }), [0, 3_600_000]);
});

test('it is told in tokens as prompts are estimated, off which it will be taken', () => {
  const usage = { inputTokens: 100, cacheReadInputTokens: 700, cacheCreation5mInputTokens: 200 };
  for (const [inputTokensEstimate, cachedTokens] of [
    [1_200, 1_080],
    [800, 720],
    [0, 900],
    [Number.NaN, 900],
  ] as const) {
    assert.equal(after(CLAUDE, usage, { inputTokensEstimate })[0], cachedTokens);
  }
});

test('others cache a long prompt by themselves, asked or not, and tell of no writing', () => {
  const usage = { inputTokens: 5_000 };
  assert.deepEqual(after(GEMINI, usage), [5_000, 300_000]);
  assert.deepEqual(after(GEMINI, usage, { cacheTtlMs: 0 }), [5_000, 300_000]);
  assert.deepEqual(after(GEMINI, usage, { inputTokensEstimate: 6_000 }), [6_000, 300_000]);
  assert.equal(after(GEMINI, { inputTokens: 1_023 })[0], 0);
  const read = { inputTokens: 1_000, cacheReadInputTokens: 4_000 };
  assert.equal(after(GEMINI, read, { isFirst: false })[0], 5_000);
  const marked = { inputTokens: 4_000, cacheCreation5mInputTokens: 1_000 };
  assert.deepEqual(after(GEMINI, marked), [1_000, 3_600_000], 'this one tells');
});

test('one that reads nothing of what it had before caches nothing', () => {
  assert.equal(after(GEMINI, { inputTokens: 5_000 }, { isFirst: false })[0], 0);
});

test('nonsense counts as nothing', () => {
  assert.equal(after(GEMINI, { inputTokens: Number.NaN })[0], 0);
  assert.equal(after(CLAUDE, { cacheReadInputTokens: -5 })[0], 0);
});
