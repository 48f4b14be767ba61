import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../config/limits.ts';
import { CountBudget } from '../../../workers/token-count/count-budget.ts';

test('a body on its own has its whole time', () => {
  const budget = new CountBudget();
  budget.begin(1_000);
  // Reading a large body costs none of it.
  assert.deepEqual(budget.deadline(1_100), {
    deadlineMs: 1_100 + LIMITS.tokenCountMsMax,
    isShort: false,
  });
});

test('bodies that come at once share the time of a burst, and each is begun', () => {
  const budget = new CountBudget();
  let nowMs = 1_000;
  for (let body = 0; body < 26; body++) {
    budget.begin(nowMs);
    const { deadlineMs, isShort } = budget.deadline(nowMs);
    assert.ok(deadlineMs > nowMs);
    assert.equal(isShort, body >= 4);
    nowMs = deadlineMs;
    budget.end(nowMs);
  }
  assert.ok(nowMs - 1_000 < 300, `${nowMs - 1_000} ms`);
});

test('after a pause a burst begins anew', () => {
  const budget = new CountBudget();
  budget.begin(1_000);
  budget.end(1_900);
  budget.begin(1_901);
  assert.equal(budget.deadline(1_901).isShort, true);
  budget.end(1_902);
  budget.begin(2_000);
  assert.equal(budget.deadline(2_000).isShort, false);
});
