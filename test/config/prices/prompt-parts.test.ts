import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { expectedPrompt } from '../../../config/prices/prompt-parts.ts';

const CLAUDE = { input: 3_000_000n, cacheWrite5m: 3_750_000n, cacheWrite1h: 6_000_000n };
/** Who caches by itself takes nothing extra for it. */
const AUTOMATIC = { input: 2n, cacheWrite5m: 2n, cacheWrite1h: 2n };

/** Input, read, written for 5 minutes and for an hour. */
function partsOf(cacheTtlMs: number, cachedTokens: number, prices = CLAUDE): readonly number[] {
  const parts = expectedPrompt({ inputTokensEstimate: 1_000, cacheTtlMs }, cachedTokens, prices);
  return [
    parts.inputTokens,
    parts.cacheReadInputTokens,
    parts.cacheCreation5mInputTokens,
    parts.cacheCreation1hInputTokens,
  ];
}

test('what is cached is read, the rest is written for as long as the request asks, or plain', () => {
  assert.deepEqual(partsOf(0, 0), [1_000, 0, 0, 0]);
  assert.deepEqual(partsOf(300_000, 0), [0, 0, 1_000, 0]);
  assert.deepEqual(partsOf(3_600_000, 900), [0, 900, 0, 100]);
  assert.deepEqual(partsOf(300_000, 900), [0, 900, 100, 0]);
  assert.deepEqual(partsOf(0, 900), [100, 900, 0, 0]);
});

test('no more is read than the prompt is long', () => {
  assert.deepEqual(partsOf(300_000, 5_000), [0, 1_000, 0, 0]);
});

test('nothing is written where writing costs what input does', () => {
  assert.deepEqual(partsOf(300_000, 900, AUTOMATIC), [100, 900, 0, 0]);
  assert.deepEqual(partsOf(3_600_000, 0, AUTOMATIC), [1_000, 0, 0, 0]);
});

test('the parts are the whole prompt, whatever is cached and however prices are written', () => {
  const price = fc.nat(10_000_000);
  fc.assert(
    fc.property(
      fc.nat(2_000_000),
      fc.nat(3_000_000),
      fc.constantFrom(0, 300_000, 3_600_000),
      fc.record({ input: price, cacheWrite5m: price, cacheWrite1h: price }),
      (inputTokensEstimate, cachedTokens, cacheTtlMs, prices) => {
        const facts = { inputTokensEstimate, cacheTtlMs };
        const parts = expectedPrompt(facts, cachedTokens, prices);
        const tokens = Object.values(parts);
        assert.equal(
          tokens.reduce((sum, part) => sum + part, 0),
          inputTokensEstimate,
        );
        assert.ok(tokens.every((part) => part >= 0));
        const exact = {
          input: BigInt(prices.input),
          cacheWrite5m: BigInt(prices.cacheWrite5m),
          cacheWrite1h: BigInt(prices.cacheWrite1h),
        };
        assert.deepEqual(expectedPrompt(facts, cachedTokens, exact), parts);
      },
    ),
  );
});
