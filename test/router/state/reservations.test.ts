import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../config/limits.ts';
import { Reservations } from '../../../router/state/reservations.ts';
import { accountKey, type Target, targetKey } from '../../../schemas/target.ts';

const NEED = { inputTokens: 100, outputTokens: 10 };
const opus: Target = { provider: 'openrouter', account: 'KEY', upstreamModel: 'opus' };
const haiku: Target = { ...opus, upstreamModel: 'haiku' };
const OPUS = { target: targetKey(opus), account: accountKey(opus) };
const HAIKU = { target: targetKey(haiku), account: accountKey(haiku) };

function amounts(times: number) {
  return { requests: times, inputTokens: 100 * times, outputTokens: 10 * times };
}

test('decisions count at their target and its account until they are released', () => {
  const reservations = new Reservations();
  reservations.reserve('a', opus, { need: NEED }, 0);
  reservations.reserve('b', haiku, { need: NEED }, 0);
  assert.deepEqual(reservations.held(OPUS, 0), { target: amounts(1), account: amounts(2) });
  reservations.release('a');
  reservations.release('a');
  reservations.release('unknown');
  assert.deepEqual(reservations.held(OPUS, 0), { target: amounts(0), account: amounts(1) });
  assert.deepEqual(reservations.held(HAIKU, 0), { target: amounts(1), account: amounts(1) });
});

test('a request holds its last decision, for two seconds', () => {
  const reservations = new Reservations();
  reservations.reserve('a', opus, { need: NEED }, 0);
  reservations.reserve('a', haiku, { need: NEED }, 1_000);
  assert.equal(reservations.count(OPUS), 0);
  assert.deepEqual(reservations.held(HAIKU, 2_999).target, amounts(1));
  assert.deepEqual(reservations.held(HAIKU, 3_000).target, amounts(0));
  assert.equal(reservations.count(HAIKU), 0);
});

test('who waits holds it meanwhile, and keeps nobody else from ending', () => {
  const reservations = new Reservations();
  reservations.reserve('waits', opus, { need: NEED, waitMs: 1_500 }, 0);
  reservations.reserve('goes', haiku, { need: NEED }, 100);
  assert.deepEqual(reservations.held(HAIKU, 2_099).account, amounts(2));
  assert.deepEqual(reservations.held(HAIKU, 2_100), { target: amounts(0), account: amounts(1) });
  assert.deepEqual(reservations.held(OPUS, 3_499).target, amounts(1));
  assert.deepEqual(reservations.held(OPUS, 3_500).target, amounts(0));
});

test('whatever is reserved, released and over, the sums are those of what is held', () => {
  const step = fc.record({
    isRelease: fc.boolean(),
    id: fc.integer({ min: 0, max: 8 }).map(String),
    at: fc.constantFrom(opus, haiku),
    waitMs: fc.integer({ min: 0, max: 3_000 }),
    passMs: fc.integer({ min: 0, max: 900 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const reservations = new Reservations();
      const held = new Map<string, { target: Target; untilMs: number }>();
      let nowMs = 0;
      for (const { isRelease, id, at, waitMs, passMs } of steps) {
        nowMs += passMs;
        held.delete(id);
        if (isRelease) reservations.release(id);
        else {
          reservations.reserve(id, at, { need: NEED, waitMs }, nowMs);
          held.set(id, { target: at, untilMs: nowMs + waitMs + LIMITS.reservationMsMax });
        }
        const live = [...held.values()].filter(({ untilMs }) => untilMs > nowMs);
        const ofOpus = live.filter(({ target }) => target === opus).length;
        assert.deepEqual(reservations.held(OPUS, nowMs), {
          target: amounts(ofOpus),
          account: amounts(live.length),
        });
        assert.equal(reservations.count(HAIKU), live.length - ofOpus);
      }
    }),
  );
});

test('only so many are held, the newest', () => {
  const reservations = new Reservations();
  for (let index = 0; index < LIMITS.reservationsMax + 5; index += 1) {
    reservations.reserve(`r${index}`, opus, { need: NEED }, 0);
  }
  assert.equal(reservations.count(OPUS), LIMITS.reservationsMax);
});
