import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stalls } from '../../../router/state/stalls.ts';
import type { Target } from '../../../schemas/target.ts';

const OPUS: Target = { provider: 'anthropic', account: 'KEY', upstreamModel: 'opus' };
const HAIKU: Target = { ...OPUS, upstreamModel: 'haiku' };

test('a stream without headers for ten seconds, or four times what is usual, is a stall', () => {
  const stalls = new Stalls();
  stalls.started('r.0', OPUS, true, 1_000);
  for (const [typicalMs, atMs, expected] of [
    [500, 11_000, false],
    [500, 11_001, true],
    [5_000, 21_000, false],
    [5_000, 21_001, true],
  ] as const) {
    assert.equal(stalls.isStalling(OPUS, typicalMs, atMs), expected);
  }
  assert.equal(stalls.isStalling(HAIKU, 500, 50_000), false);
});

test('headers or the end of the attempt end it, others may still wait', () => {
  for (const end of ['answered', 'ended'] as const) {
    const stalls = new Stalls();
    stalls.started('r.0', OPUS, true, 0);
    stalls.started('s.0', OPUS, true, 5_000);
    stalls[end]('r.0', 6_000);
    assert.equal(stalls.isStalling(OPUS, 500, 15_000), false);
    assert.equal(stalls.isStalling(OPUS, 500, 15_001), true);
    stalls[end]('s.0', 15_001);
    stalls[end]('unknown', 15_001);
    assert.equal(stalls.isStalling(OPUS, 500, 20_000), false);
  }
});

test('answers without a stream are not watched', () => {
  const stalls = new Stalls();
  stalls.started('r.0', OPUS, false, 0);
  assert.equal(stalls.isStalling(OPUS, 500, 60_000), false);
});

test('an attempt that never reports counts no longer than any may wait', () => {
  const stalls = new Stalls();
  stalls.started('r.0', OPUS, true, 0);
  assert.equal(stalls.isStalling(OPUS, 500, 120_000), true);
  assert.equal(stalls.isStalling(OPUS, 500, 120_001), false);
  stalls.started('s.0', OPUS, true, 115_000);
  assert.equal(stalls.isStalling(OPUS, 500, 124_000), false);
  assert.equal(stalls.isStalling(OPUS, 500, 126_000), true, 'behind the lost one');
});

test('a start told twice counts once; beyond the limit the oldest is not watched', () => {
  const stalls = new Stalls();
  stalls.started('r.0', OPUS, true, 0);
  stalls.started('r.0', OPUS, true, 5_000);
  assert.equal(stalls.isStalling(OPUS, 500, 15_000), false);
  for (let index = 0; index < 20_000; index++) stalls.started(`h.${index}`, HAIKU, true, 6_000);
  assert.equal(stalls.isStalling(OPUS, 500, 20_000), false);
  assert.equal(stalls.isStalling(HAIKU, 500, 20_000), true);
});
