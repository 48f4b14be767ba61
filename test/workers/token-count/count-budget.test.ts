import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../config/limits.ts';
import { CountBudget } from '../../../workers/token-count/count-budget.ts';

test('a body on its own has its whole time', () => {
  const budget = new CountBudget();
  assert.equal(budget.begin(1_000), 1_000 + LIMITS.tokenCountMsMax);
});

test('bodies that come at once share the time of a burst, and each is begun', () => {
  const budget = new CountBudget();
  let nowMs = 1_000;
  for (let body = 0; body < 26; body++) {
    const deadlineMs = budget.begin(nowMs);
    assert.ok(deadlineMs > nowMs);
    nowMs = deadlineMs;
    budget.end(nowMs);
  }
  assert.ok(nowMs - 1_000 < 300, `${nowMs - 1_000} ms`);
});

test('after a pause a burst begins anew', () => {
  const budget = new CountBudget();
  for (let body = 0; body < 10; body++) budget.end(budget.begin(1_000 + body * 50));
  assert.equal(budget.begin(2_000), 2_000 + LIMITS.tokenCountMsMax);
});
