import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RetryBudgets } from '../../../router/state/retry-budgets.ts';
import type { Target } from '../../../schemas/target.ts';

const OPUS: Target = { provider: 'anthropic', account: 'KEY', upstreamModel: 'opus' };
const HAIKU: Target = { ...OPUS, upstreamModel: 'haiku' };
const OTHER: Target = { ...OPUS, account: 'KEY_2' };

/** The common budget is used up: only the account's own counts. */
function exhausted(): RetryBudgets {
  const budgets = new RetryBudgets();
  for (let count = 0; count < 20; count++) budgets.routed(true, 0);
  return budgets;
}

test('a bucket lasts for four failures, of all models of the account', () => {
  const budgets = exhausted();
  for (const target of [OPUS, HAIKU, OPUS, HAIKU]) {
    budgets.failed(target, 0);
    assert.equal(budgets.hasBudget(OPUS, 0), true);
  }
  budgets.failed(OPUS, 0);
  assert.equal(budgets.hasBudget(OPUS, 0), false);
  assert.equal(budgets.hasBudget(HAIKU, 0), false);
  assert.equal(budgets.hasBudget(OTHER, 0), true);
  budgets.succeeded(OPUS, 0);
  assert.equal(budgets.hasBudget(OPUS, 0), true);
});

test('a bucket fills with successes and with time, and never beyond its limits', () => {
  const keepExhausted = (budgets: RetryBudgets, atMs: number): void => {
    for (let count = 0; count < 20; count++) budgets.routed(true, atMs);
  };
  const budgets = exhausted();
  for (let count = 0; count < 100; count++) budgets.failed(OPUS, 0);
  keepExhausted(budgets, 50_000);
  assert.equal(budgets.hasBudget(OPUS, 50_000), false);
  keepExhausted(budgets, 50_001);
  assert.equal(budgets.hasBudget(OPUS, 50_001), true, 'five of ten tokens are back');
  for (let count = 0; count < 1_000; count++) budgets.succeeded(OPUS, 60_000);
  keepExhausted(budgets, 60_000);
  for (let count = 0; count < 5; count++) budgets.failed(OPUS, 60_000);
  assert.equal(budgets.hasBudget(OPUS, 60_000), false);
});

test('twenty retries in ten seconds are free, more only up to a fifth of all requests', () => {
  const budgets = new RetryBudgets();
  for (let count = 0; count < 10; count++) budgets.failed(OPUS, 0);
  for (let count = 0; count < 20; count++) {
    assert.equal(budgets.hasBudget(OPUS, 0), true);
    budgets.routed(true, 0);
  }
  assert.equal(budgets.hasBudget(OPUS, 0), false);
  for (let count = 0; count < 80; count++) budgets.routed(false, 0);
  assert.equal(budgets.hasBudget(OPUS, 0), false);
  assert.equal(budgets.retryShare(0), 0.2);
  budgets.routed(false, 0);
  assert.equal(budgets.hasBudget(OPUS, 0), true);
  budgets.routed(true, 0);
  assert.equal(budgets.hasBudget(OPUS, 9_999), false);
  assert.equal(budgets.hasBudget(OPUS, 10_000), true);
  assert.equal(budgets.retryShare(10_000), 0);
});

test('retries of a storm stay below a fifth of all requests but for the free ones', () => {
  const wishes = fc.array(fc.boolean(), { minLength: 1, maxLength: 400 });
  fc.assert(
    fc.property(wishes, (all) => {
      const budgets = new RetryBudgets();
      let retries = 0;
      all.forEach((wantsRetry, index) => {
        // Everything fails: the account's own tokens are gone.
        for (let count = 0; count < 10; count++) budgets.failed(OPUS, 0);
        budgets.routed(false, 0);
        if (!wantsRetry || !budgets.hasBudget(OPUS, 0)) return;
        budgets.routed(true, 0);
        retries++;
        assert.ok(retries <= Math.max(20, (index + 1 + retries) * 0.2 + 1));
      });
    }),
  );
});

test('a snapshot brings everything back on another clock, without its nonsense', () => {
  const budgets = new RetryBudgets();
  for (let count = 0; count < 5; count++) budgets.failed(OPUS, 0);
  for (let count = 0; count < 20; count++) budgets.routed(true, 2_000);
  budgets.succeeded(OTHER, 2_000);
  const json = JSON.parse(JSON.stringify(budgets.snapshot(2_000)));
  assert.equal(json.buckets.length, 1, 'full buckets are left out');
  assert.deepEqual([budgets.hasBudget(OPUS, 0)], [false]);
  const copy = new RetryBudgets();
  json.buckets.push(['x', 11], null, ['y']);
  copy.restore(json, 1e6);
  assert.equal(copy.retryShare(1e6), 1);
  for (const afterMs of [0, 3_000]) {
    const expected = budgets.hasBudget(OPUS, 2_000 + afterMs);
    assert.equal(copy.hasBudget(OPUS, 1e6 + afterMs), expected);
  }
  copy.restore(null, 1e6);
  assert.equal(copy.retryShare(1e6), 0);
});
