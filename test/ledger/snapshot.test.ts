import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { packed, unpacked } from '../../bus/ledger-store.ts';
import { LIMITS } from '../../config/limits.ts';
import { snapshotBytes } from '../../ledger/saved-state.ts';
import { alignWithLog } from '../../ledger/state/align.ts';
import { emptyState } from '../../ledger/state/ledger-state.ts';
import { periodTotalsSchema } from '../../schemas/ledger.ts';
import { NOW_MS, reservation, reserved, usageEvent, used, type Written } from './support/events.ts';
import { foldLogged } from './support/rig.ts';

const HOUR_MS = 3_600_000;

test('the largest state there can be fits into one message', (context) => {
  const state = emptyState();
  let storedAtMs = 0;
  const add = ({ subject, event }: Written): void => {
    const data = Buffer.from(JSON.stringify(event));
    foldLogged(state, { sequence: state.sequence + 1, subject, data, storedAtMs });
  };
  // Around midnight of a month's end: three hours, two days and two months are open.
  const midnightMs = Date.UTC(2026, 11, 1);
  const sessions = Array.from({ length: 2 * LIMITS.ledgerSessionsMax }, () => randomUUID());
  for (const hour of [-2, -1, 0]) {
    storedAtMs = midnightMs + hour * HOUR_MS + 1;
    for (const [index, sessionId] of sessions.entries()) {
      add(
        used(
          usageEvent(`rq${randomUUID()}`, {
            sessionId,
            startedAtMs: storedAtMs,
            upstreamModel: `some-provider/some-model-with-a-name-${index % 400}`,
            account: `ACCOUNT_${index % 400}`,
            clientKeyId: randomUUID().slice(0, 16),
            usage: { ...usageEvent('x').usage, inputTokens: Math.floor(Math.random() * 1e6) },
            cost: {
              picodollars: String(Math.floor(Math.random() * 1e14)),
              priceVersion: '1',
              source: 'user',
            },
          }),
        ),
      );
    }
  }
  for (let index = 0; index < LIMITS.ledgerReservationsMax; index += 1) {
    const requestId = `rq${randomUUID().replaceAll('-', '').slice(0, 24)}`;
    add(reserved(reservation(requestId, { sessionId: sessions[index % sessions.length] ?? null })));
  }
  for (let index = 0; index < LIMITS.ledgerIdsPerChunkMax; index += 1)
    add(used(usageEvent(randomUUID())));
  for (let index = 0; index < LIMITS.ledgerMarksMax; index += 1) {
    add({ subject: 'gw.v1.ev.alert', event: { v: 1, id: `alert.session.${randomUUID()}.80` } });
  }
  const startMs = performance.now();
  const { length } = snapshotBytes(state);
  const ms = performance.now() - startMs;
  context.diagnostic(`${length} bytes in ${ms.toFixed(0)} ms, ${state.periods.size} periods`);
  assert.ok(length < LIMITS.ledgerValueBytesMax, `${length} bytes`);
});

test('closed periods fulfil their contract', () => {
  const state = emptyState();
  const events = [usageEvent('a'), usageEvent('b', { sessionId: null, requestClass: null })];
  for (const [index, event] of events.entries()) {
    const data = Buffer.from(JSON.stringify(event));
    const subject = used(event).subject;
    foldLogged(state, { sequence: index + 1, subject, data, storedAtMs: NOW_MS });
  }
  const later = { sequence: 3, subject: 'gw.v1.ev.admin', data: Buffer.from('{}') };
  foldLogged(state, { ...later, storedAtMs: NOW_MS + 100 * 24 * HOUR_MS });
  assert.equal(state.unsaved.periods.length, 3);
  for (const totals of state.unsaved.periods) {
    const read = JSON.parse(unpacked(packed(JSON.stringify(totals))));
    assert.deepEqual(periodTotalsSchema.parse(read), totals);
    assert.deepEqual(Object.keys(totals.by.session), ['session-1', 'none']);
  }
});

test('long values are compressed, short ones can be read by anybody', () => {
  const long = JSON.stringify(Array.from({ length: 5_000 }, (_, index) => index));
  assert.equal(unpacked(packed(long)), long);
  assert.ok(packed(long).length < long.length);
  assert.equal(Buffer.from(packed('{"v":1}')).toString(), '{"v":1}');
});

test('a state finds its place in a log that is whole, shortened, made anew or cut off', () => {
  const facts = { created: 'c', firstSequence: 1, lastSequence: 50_000, storedAtMs: 7 };
  const at = (sequence: number, storedAtMs = 7) =>
    Object.assign(emptyState(), { sequence, storedAtMs, streamCreated: 'c' });
  const whole = at(40_000);
  assert.equal(alignWithLog(whole, facts), null);
  assert.equal(whole.sequence, 40_000);

  const shortened = at(60_000);
  assert.equal(alignWithLog(shortened, { ...facts, storedAtMs: null }), 'shortened');
  assert.equal(shortened.sequence, 50_000 - LIMITS.ledgerRewindMax);

  const rewritten = at(45_000, 8);
  assert.equal(alignWithLog(rewritten, facts), 'shortened');
  assert.equal(rewritten.sequence, 45_000 - LIMITS.ledgerRewindMax);

  const replaced = at(40_000);
  assert.equal(alignWithLog(replaced, { ...facts, created: 'd', firstSequence: 3 }), 'replaced');
  assert.deepEqual([replaced.sequence, replaced.streamCreated], [2, 'd']);

  const expired = at(100);
  const cut = { ...facts, firstSequence: 201, storedAtMs: null };
  assert.equal(alignWithLog(expired, cut), 'expired');
  assert.deepEqual(
    [expired.sequence, expired.oddities.expired, expired.chainedFrom],
    [200, 100, 201],
  );
});
