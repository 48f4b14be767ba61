/** Attempts that last longer than a reservation does: their workers renew it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../config/limits.ts';
import { emptyState, type LedgerState } from '../../ledger/state/ledger-state.ts';
import { lostEntry, overdue } from '../../ledger/state/lost-attempts.ts';
import { packState, parseSnapshot, unpackState } from '../../ledger/state/snapshot.ts';
import { NO_USAGE, usageSchema } from '../../schemas/usage.ts';
import { NOW_MS, reservation, reserved, usageEvent, used, type Written } from './support/events.ts';
import { foldLogged } from './support/rig.ts';

const { ledgerReservationMsMax: LAST_MS, reservationRenewMs: RENEW_MS } = LIMITS;

function fold(state: LedgerState, storedAtMs: number, { subject, event }: Written): LedgerState {
  const data = Buffer.from(JSON.stringify(event));
  foldLogged(state, { sequence: state.sequence + 1, subject, data, storedAtMs });
  return state;
}

const renewal = (requestId: string, renewedAtMs: number): Written =>
  reserved(reservation(requestId, { renewedAtMs }));

const overdueIds = (state: LedgerState, nowMs: number): readonly string[] =>
  overdue(state, nowMs).map(({ requestId }) => requestId);

test('an attempt of an hour is not given up while its worker renews it', () => {
  const state = fold(emptyState(), NOW_MS, reserved(reservation('long')));
  const endMs = NOW_MS + 3_600_000;
  for (let atMs = NOW_MS + RENEW_MS; atMs < endMs; atMs += RENEW_MS) {
    fold(state, atMs, renewal('long', atMs));
    assert.deepEqual(overdueIds(state, atMs + RENEW_MS), []);
  }
  fold(state, endMs, used(usageEvent('long')));
  assert.deepEqual([state.reservations.size, state.oddities.repeated], [0, 0]);
});

test('one whose worker vanished is given up so long after its last renewal, and lasted until then', () => {
  const state = fold(emptyState(), NOW_MS, reserved(reservation('a')));
  fold(state, NOW_MS + 1, reserved(reservation('b')));
  fold(state, NOW_MS + RENEW_MS, renewal('a', NOW_MS + RENEW_MS));
  assert.deepEqual(overdueIds(state, NOW_MS + LAST_MS), []);
  assert.deepEqual(overdueIds(state, NOW_MS + LAST_MS + 1), ['b'], 'the renewed one is behind it');
  assert.deepEqual(overdueIds(state, NOW_MS + RENEW_MS + LAST_MS), ['b', 'a']);
  const [b, a] = overdue(state, NOW_MS + RENEW_MS + LAST_MS).map(lostEntry);
  assert.deepEqual([a?.durationMs, b?.durationMs], [RENEW_MS + LAST_MS, LAST_MS]);
});

test('the prompt of one that is given up is told in disjoint parts', () => {
  const cacheIfLost = {
    cacheReadInputTokens: 70,
    cacheCreation5mInputTokens: 20,
    cacheCreation1hInputTokens: 0,
  };
  const state = fold(emptyState(), NOW_MS, reserved(reservation('a', { cacheIfLost })));
  const packed = JSON.stringify(packState(state));
  const [known] = overdue(unpackState(parseSnapshot(packed), []), NOW_MS + LAST_MS);
  assert.ok(known);
  const { usage, cost } = lostEntry(known);
  assert.deepEqual(usage, { ...NO_USAGE, ...cacheIfLost, inputTokens: 10 });
  assert.equal(cost?.picodollars, known.picodollarsIfLost);
  const plain = { ...known, cacheIfLost: undefined };
  assert.deepEqual(lostEntry(plain).usage, { ...NO_USAGE, inputTokens: 100 });
});

test('parts that are more than the prompt are cut to it', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(300), { minLength: 4, maxLength: 4 }), (tokens) => {
      const [read = 0, written5m = 0, written1h = 0, inputTokensEstimate = 0] = tokens;
      const cacheIfLost = {
        cacheReadInputTokens: read,
        cacheCreation5mInputTokens: written5m,
        cacheCreation1hInputTokens: written1h,
      };
      const open = { ...reservation('a', { cacheIfLost, inputTokensEstimate }), openedAtMs: 0 };
      const { usage } = lostEntry(open);
      usageSchema.parse(usage);
      const parts = Object.values(usage);
      assert.equal(
        parts.reduce((sum, part) => sum + part, 0),
        inputTokensEstimate,
      );
    }),
  );
});

test('a renewal counts once, opens what is not known, and opens nothing that has ended', () => {
  const state = fold(emptyState(), NOW_MS, renewal('a', NOW_MS));
  fold(state, NOW_MS + 5, renewal('a', NOW_MS));
  fold(state, NOW_MS + 6, reserved(reservation('a')));
  assert.equal(state.reservations.get('a.0')?.openedAtMs, NOW_MS);
  fold(state, NOW_MS + 7, used(usageEvent('a')));
  fold(state, NOW_MS + 8, renewal('a', NOW_MS + 8));
  assert.deepEqual([state.reservations.size, state.oddities.lateReservations], [0, 1]);
});

test('overdue ones are found whatever was renewed when, also after a restart', () => {
  const steps = fc.array(fc.tuple(fc.nat(5), fc.integer({ min: 1, max: LAST_MS })), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(steps, fc.nat(40), (list, cut) => {
      let state = emptyState();
      let nowMs = NOW_MS;
      const lastMs = new Map<string, number>();
      for (const [index, [id, pauseMs]] of list.entries()) {
        nowMs += pauseMs;
        if (index === cut) state = unpackState(parseSnapshot(JSON.stringify(packState(state))), []);
        fold(state, nowMs, renewal(`r${id}`, nowMs));
        lastMs.set(`r${id}`, nowMs);
      }
      const due = [...lastMs].filter(([, atMs]) => atMs + LAST_MS <= nowMs).map(([id]) => id);
      assert.deepEqual(new Set(overdueIds(state, nowMs)), new Set(due));
    }),
  );
});
