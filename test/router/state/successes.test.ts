import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Successes } from '../../../router/state/successes.ts';
import type { Target } from '../../../schemas/target.ts';

const OPUS: Target = { provider: 'anthropic', account: 'KEY', upstreamModel: 'opus' };
const HAIKU: Target = { ...OPUS, upstreamModel: 'haiku' };

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual}, not ${expected}`);

test('the prior of 0.98 is worth five samples', () => {
  const successes = new Successes();
  assert.equal(successes.probability(OPUS, 0), 0.98);
  successes.record(OPUS, false, 0);
  near(successes.probability(OPUS, 0), 4.9 / 6);
  successes.record(OPUS, true, 0);
  near(successes.probability(OPUS, 0), 5.9 / 7);
  assert.equal(successes.probability(HAIKU, 0), 0.98);
});

test('a sample loses half of its weight in two minutes', () => {
  const successes = new Successes();
  for (let count = 0; count < 10; count++) successes.record(OPUS, false, 0);
  near(successes.probability(OPUS, 120_000), 4.9 / 10);
  successes.record(OPUS, true, 120_000);
  near(successes.probability(OPUS, 120_000), 5.9 / 11);
});

test('it stays between 0 and 1 and returns to the prior, whatever was recorded', () => {
  const samples = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 300_000 })));
  fc.assert(
    fc.property(samples, (all) => {
      const successes = new Successes();
      let nowMs = 0;
      for (const [isSuccess, afterMs] of all) {
        nowMs += afterMs;
        const before = successes.probability(OPUS, nowMs);
        successes.record(OPUS, isSuccess, nowMs);
        const after = successes.probability(OPUS, nowMs);
        assert.ok(after >= 0 && after <= 1);
        assert.ok(isSuccess ? after >= before : after < before);
      }
      near(successes.probability(OPUS, nowMs + 1e8), 0.98);
    }),
  );
});

test('a snapshot brings everything back on another clock, without its nonsense', () => {
  const successes = new Successes();
  successes.record(OPUS, false, 0);
  successes.record(HAIKU, true, 50_000);
  const json = JSON.parse(JSON.stringify(successes.snapshot(60_000)));
  const copy = new Successes();
  copy.restore([7, ['anthropic/KEY/opus', [2, 1, 0]], ...json, ['x']], -1e6);
  for (const target of [OPUS, HAIKU]) {
    assert.equal(copy.probability(target, -1e6), successes.probability(target, 60_000));
  }
  copy.restore({}, 0);
  assert.equal(copy.probability(OPUS, 0), 0.98);
});
