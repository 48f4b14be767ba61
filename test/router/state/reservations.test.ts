import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../config/limits.ts';
import { Reservations } from '../../../router/state/reservations.ts';
import type { Target } from '../../../schemas/target.ts';

const NEED = { inputTokens: 100, outputTokens: 10 };
const opus: Target = { provider: 'openrouter', account: 'KEY', upstreamModel: 'opus' };
const haiku: Target = { ...opus, upstreamModel: 'haiku' };

function amounts(times: number) {
  return { requests: times, inputTokens: 100 * times, outputTokens: 10 * times };
}

test('decisions count at their target and its account until they are released', () => {
  const reservations = new Reservations();
  reservations.reserve('a', opus, NEED, 0);
  reservations.reserve('b', haiku, NEED, 0);
  assert.deepEqual(reservations.held(opus, 0), { target: amounts(1), account: amounts(2) });
  reservations.release('a');
  reservations.release('a');
  reservations.release('unknown');
  assert.deepEqual(reservations.held(opus, 0), { target: amounts(0), account: amounts(1) });
  assert.deepEqual(reservations.held(haiku, 0), { target: amounts(1), account: amounts(1) });
});

test('a request holds its last decision, for two seconds', () => {
  const reservations = new Reservations();
  reservations.reserve('a', opus, NEED, 0);
  reservations.reserve('a', haiku, NEED, 1_000);
  assert.equal(reservations.count(opus), 0);
  assert.deepEqual(reservations.held(haiku, 2_999).target, amounts(1));
  assert.deepEqual(reservations.held(haiku, 3_000).target, amounts(0));
  assert.equal(reservations.count(haiku), 0);
});

test('only so many are held, the newest', () => {
  const reservations = new Reservations();
  for (let index = 0; index < LIMITS.reservationsMax + 5; index += 1) {
    reservations.reserve(`r${index}`, opus, NEED, 0);
  }
  assert.equal(reservations.count(opus), LIMITS.reservationsMax);
});
