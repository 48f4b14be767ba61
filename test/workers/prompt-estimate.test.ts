import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_USAGE } from '../../schemas/usage.ts';
import { expectedPromptOf, withPrompt } from '../../workers/prompt-estimate.ts';
import { PRICES, workOf } from './support/attempt.ts';
import { CACHED_PROMPT } from './support/prompt.ts';

const WHOSE = {
  provider: 'anthropic',
  upstreamModel: 'claude-opus-5-5',
  startedAtMs: Date.now(),
} as const;

test('what the upstream says of its prompt stands', () => {
  const usage = { ...NO_USAGE, inputTokens: 3, cacheReadInputTokens: 70, outputTokens: 9 };
  assert.deepEqual(withPrompt({ usage, hasInput: true }, CACHED_PROMPT), usage);
});

test('what it never said is expected, and nothing else is touched', () => {
  const usage = { ...NO_USAGE, outputTokens: 9, webSearchRequests: 1 };
  assert.deepEqual(withPrompt({ usage, hasInput: false }, CACHED_PROMPT), {
    ...usage,
    ...CACHED_PROMPT,
  });
});

test('what it said of its cache alone stands, and the rest of the prompt is plain', () => {
  const usage = { ...NO_USAGE, cacheReadInputTokens: 600, cacheCreation1hInputTokens: 50 };
  const said = { usage, hasInput: false };
  assert.deepEqual(withPrompt(said, CACHED_PROMPT), { ...usage, inputTokens: 350 });
  const more = { ...usage, cacheReadInputTokens: 5_000 };
  assert.deepEqual(withPrompt({ usage: more, hasInput: false }, CACHED_PROMPT), more);
});

test('a dispatch says what is cached; one of an older ingress says nothing', () => {
  const facts = { inputTokensEstimate: 1_000, cacheTtlMs: 300_000 };
  const { dispatch } = workOf('{"model":"m"}', { facts });
  assert.deepEqual(
    expectedPromptOf({ ...dispatch, cachedTokens: 900 }, WHOSE, PRICES),
    CACHED_PROMPT,
  );
  const { cacheReadInputTokens, cacheCreation5mInputTokens } = expectedPromptOf(
    dispatch,
    WHOSE,
    PRICES,
  );
  assert.deepEqual([cacheReadInputTokens, cacheCreation5mInputTokens], [0, 1_000]);
});
