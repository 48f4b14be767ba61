import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../config/limits.ts';
import { emptyState, type LedgerState } from '../../ledger/state/ledger-state.ts';
import { kindOf } from '../../ledger/state/periods.ts';
import { readEvent } from '../../ledger/state/read-event.ts';
import { writeTotals } from '../../ledger/state/running-totals.ts';
import { reservedOf, totalsOf } from '../../ledger/state/selectors.ts';
import { packState, parseSnapshot, unpackState } from '../../ledger/state/snapshot.ts';
import { LEDGER_DIMENSIONS, type PeriodTotals } from '../../schemas/ledger.ts';
import { REQUEST_CLASSES } from '../../schemas/request-class.ts';
import { ATTEMPT_OUTCOMES } from '../../schemas/usage.ts';
import { NOW_MS, reservation, reserved, usageEvent, used, type Written } from './support/events.ts';
import { foldLogged, priceOf } from './support/rig.ts';

const HOUR_MS = 3_600_000;
const DAY = '2026-11-22';

/** Folds events that are stored a second apart. */
function folded(written: readonly Written[], state = emptyState(), storedAtMs = NOW_MS) {
  for (const [index, { subject, event }] of written.entries()) {
    const data = Buffer.from(typeof event === 'string' ? event : JSON.stringify(event));
    const sequence = state.sequence + 1;
    foldLogged(state, { sequence, subject, data, storedAtMs: storedAtMs + index });
  }
  return state;
}

/** All sums of a state, open and closed, in an order of their own. */
function sums(state: LedgerState): Record<string, Pick<PeriodTotals, 'total' | 'by'>> {
  const closedAt = { sequence: 0, chain: '0'.repeat(64) };
  const open = Array.from(state.periods, ([period, totals]) =>
    writeTotals(totals, { period, closedAt }),
  );
  const all = [...open, ...state.unsaved.periods];
  return Object.fromEntries(all.map(({ period, total, by }) => [period, { total, by }]));
}

const keys = fc.constantFrom('a', 'b', 'c', 'd');
/** An attempt: reserved, ended, or both. */
const attempts = fc.uniqueArray(
  fc.record({
    requestId: fc.string({ minLength: 4, maxLength: 12 }),
    account: keys,
    model: keys,
    session: fc.option(keys),
    clientKey: fc.option(keys),
    requestClass: fc.constantFrom(null, ...REQUEST_CLASSES),
    provider: fc.constantFrom('anthropic' as const, 'openai-compatible-x' as const),
    picodollars: fc.bigInt({ min: 0n, max: 10n ** 20n }),
    isPriced: fc.boolean(),
    agoMs: fc.integer({ min: 0, max: 90 * 60_000 }),
    outcome: fc.constantFrom(...ATTEMPT_OUTCOMES),
    estimated: fc.boolean(),
    outputTokens: fc.nat(1_000_000),
    isEnded: fc.boolean(),
    isReserved: fc.boolean(),
  }),
  { selector: ({ requestId }) => requestId, maxLength: 40 },
);

function eventsOf(
  list: typeof attempts extends fc.Arbitrary<infer List> ? List : never,
): Written[] {
  return list.flatMap((each) => {
    const who = {
      provider: each.provider,
      account: each.account,
      upstreamModel: each.model,
      sessionId: each.session,
      clientKeyId: each.clientKey,
      startedAtMs: NOW_MS - each.agoMs,
    };
    const cost = {
      picodollars: String(each.picodollars),
      priceVersion: '1',
      source: 'user',
    } as const;
    const end = usageEvent(each.requestId, {
      ...who,
      outcome: each.outcome,
      estimated: each.estimated,
      requestClass: each.requestClass,
      usage: { ...usageEvent('x').usage, outputTokens: each.outputTokens },
      ...(each.isPriced ? { cost } : { cost: null }),
    });
    const start = reservation(each.requestId, who);
    return [...(each.isReserved ? [reserved(start)] : []), ...(each.isEnded ? [used(end)] : [])];
  });
}

test('any order and any duplication of deliveries gives the same totals and the same open attempts', () => {
  fc.assert(
    fc.property(
      attempts.chain((list) => {
        const events = eventsOf(list);
        const mixed = fc
          .array(fc.nat(Math.max(0, events.length - 1)), { maxLength: 60 })
          .chain((again) => {
            const all = [...events, ...again.flatMap((index) => events[index] ?? [])];
            return fc.shuffledSubarray(all, { minLength: all.length });
          });
        return fc.tuple(fc.constant(events), mixed);
      }),
      ([events, mixed]) => {
        const plain = folded(events);
        const other = folded(mixed);
        assert.deepEqual(sums(other), sums(plain));
        assert.deepEqual(new Set(other.reservations.keys()), new Set(plain.reservations.keys()));
        assert.equal(other.closedIds.size, plain.closedIds.size);
      },
    ),
  );
});

test('a day is the sum of its hours, and each dimension sums up to the total', () => {
  fc.assert(
    fc.property(attempts, (list) => {
      const state = folded(eventsOf(list));
      const all = sums(state);
      const truth = list
        .filter(({ isEnded }) => isEnded)
        .map(({ picodollars, isPriced }) => (isPriced ? picodollars : priceOf()));
      const expected = truth.reduce((sum, each) => sum + each, 0n);
      for (const kind of ['hour', 'day', 'month']) {
        const periods = Object.entries(all).filter(([period]) => kindOf(period) === kind);
        const total = periods.reduce((sum, [, { total }]) => sum + BigInt(total.picodollars), 0n);
        assert.equal(total, expected, kind);
      }
      for (const { total, by } of Object.values(all)) {
        for (const dimension of LEDGER_DIMENSIONS) {
          const tallies = Object.values(by[dimension]);
          const money = tallies.reduce((sum, tally) => sum + BigInt(tally.picodollars), 0n);
          assert.equal(money, BigInt(total.picodollars), dimension);
          const entries = tallies.reduce((sum, tally) => sum + tally.entries, 0);
          assert.equal(entries, total.entries, dimension);
          const tokens = tallies.reduce((sum, tally) => sum + tally.usage.outputTokens, 0);
          assert.equal(tokens, total.usage.outputTokens, dimension);
        }
      }
    }),
  );
});

test('a state that was written and read on the way goes on as if nothing had happened', () => {
  fc.assert(
    fc.property(attempts, fc.nat(80), (list, cut) => {
      const events = eventsOf(list);
      const straight = folded(events);
      const first = folded(events.slice(0, cut));
      const read = unpackState(parseSnapshot(JSON.stringify(packState(first))), []);
      assert.deepEqual(packState(read), packState(first), 'written and read it is the same');
      const resumed = folded(events.slice(cut), read, NOW_MS + Math.min(cut, events.length));
      assert.deepEqual(packState(resumed), packState(straight));
    }),
  );
});

test('prices of today change no entry that has a cost, and flag one that has none', () => {
  const paid = used(usageEvent('paid'));
  const { cost: _, ...old } = usageEvent('old');
  for (const price of [1n, 10n ** 15n]) {
    const read = ({ subject, event }: Written) =>
      readEvent(subject, Buffer.from(JSON.stringify(event)), () => price);
    const [a, b] = [read(paid), read({ ...paid, event: old })];
    assert.ok(a.kind === 'final' && b.kind === 'final');
    assert.deepEqual([a.picodollars, a.isUnpriced], [1_234n, false]);
    assert.deepEqual([b.picodollars, b.isUnpriced], [price, true]);
  }
  const state = folded([paid, { ...paid, event: old }]);
  assert.equal(totalsOf(state, 'all', DAY).unpricedEntries, 1);
});

test('hours are those of UTC, whatever the time zone of the process', (context) => {
  const zone = process.env['TZ'];
  context.after(() => {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });
  const events = [used(usageEvent('a')), used(usageEvent('b', { startedAtMs: NOW_MS - HOUR_MS }))];
  const seen = ['UTC', 'Asia/Kolkata', 'America/St_Johns'].map((name) => {
    process.env['TZ'] = name;
    return sums(folded(events));
  });
  assert.deepEqual(seen[1], seen[0]);
  assert.deepEqual(seen[2], seen[0]);
  assert.deepEqual(Object.keys(seen[0] ?? {}).sort(), ['2026-11', DAY, `${DAY}T04`, `${DAY}T05`]);
});

test('an entry counts in the hour in which its attempt ended', () => {
  const event = usageEvent('a', {
    startedAtMs: Date.UTC(2026, 10, 30, 23, 59),
    durationMs: 120_000,
  });
  const state = folded([used(event)], emptyState(), event.startedAtMs + 130_000);
  assert.deepEqual([...state.periods.keys()], ['2026-12-01T00', '2026-12-01', '2026-12']);
});

test('an hour closes two hours after its end; what comes later counts in the hour of its arrival', () => {
  const hour = `${DAY}T05`;
  const open = folded([used(usageEvent('a'))]);
  const inTime = folded([used(usageEvent('b'))], open, Date.UTC(2026, 10, 22, 7, 59, 59, 999));
  assert.equal(totalsOf(inTime, 'all', hour).entries, 2);
  const chain = Buffer.from(inTime.chain).toString('hex');
  const late = folded([used(usageEvent('c'))], inTime, Date.UTC(2026, 10, 22, 8));
  const [closed, ...more] = late.unsaved.periods;
  assert.deepEqual([closed?.period, closed?.total.entries, more], [hour, 2, []]);
  assert.deepEqual(closed?.closedAt, { sequence: 2, chain });
  assert.deepEqual([late.periods.has(hour), late.oddities.misdated], [false, 1]);
  assert.equal(totalsOf(late, 'all', `${DAY}T08`).entries, 1);
  assert.equal(totalsOf(late, 'all', DAY).entries, 3);
});

test('days and months close after their last hour, also when nothing happened in it', () => {
  const state = folded([used(usageEvent('a'))]);
  folded(
    [used(usageEvent('b', { startedAtMs: Date.UTC(2027, 0, 3) }))],
    state,
    Date.UTC(2027, 0, 3),
  );
  const closed = state.unsaved.periods.map(({ period }) => period);
  assert.deepEqual(closed.sort(), ['2026-11', DAY, `${DAY}T05`]);
});

test('an entry of a clock that is far ahead counts in the hour of its arrival', () => {
  const ahead = usageEvent('a', { startedAtMs: NOW_MS + LIMITS.ledgerClockAheadMsMax + 60_000 });
  const state = folded([used(ahead)]);
  assert.deepEqual([totalsOf(state, 'all', `${DAY}T05`).entries, state.oddities.misdated], [1, 1]);
});

test('of a lost attempt and its worker’s own word the first counts, and a late word is told', () => {
  const lost = usageEvent('a', { outcome: 'lost', estimated: true });
  const state = folded([used(lost), used(usageEvent('a')), used(lost)]);
  const { entries, estimatedEntries, failedEntries } = totalsOf(state, 'all', DAY);
  assert.deepEqual([entries, estimatedEntries, failedEntries], [1, 1, 1]);
  assert.deepEqual([state.oddities.repeated, state.oddities.late], [2, 1]);
});

test('a reservation is open until its entry comes, and is not opened after it', () => {
  const state = folded([reserved(reservation('a'), reservation('b', { picodollarsMax: '5' }))]);
  assert.equal(reservedOf(state), 9_005n);
  assert.equal(
    reservedOf(state, ({ requestId }) => requestId === 'b'),
    5n,
  );
  folded([used(usageEvent('a')), reserved(reservation('a'))], state);
  assert.deepEqual([...state.reservations.keys()], ['b.0']);
  assert.deepEqual([reservedOf(state), state.oddities.lateReservations], [5n, 1]);
});

test('beyond their number reservations are forgotten, oldest first', () => {
  const all = Array.from({ length: LIMITS.ledgerReservationsMax + 1 }, (_, index) =>
    reserved(reservation(`r${index}`)),
  );
  const state = folded(all);
  assert.equal(state.reservations.size, LIMITS.ledgerReservationsMax);
  assert.deepEqual(
    [state.reservations.has('r0.0'), state.oddities.forgottenReservations],
    [false, 1],
  );
});

test('beyond their number keys of a dimension are summed as others, and nothing is missing', () => {
  const count = LIMITS.ledgerSessionsMax + 50;
  const state = folded(
    Array.from({ length: count }, (_, index) =>
      used(usageEvent(`r${index}`, { sessionId: `s${index}`, upstreamModel: `m${index}` })),
    ),
  );
  const { by, total } = sums(state)[DAY] ?? assert.fail('no day');
  assert.deepEqual([by.session['other']?.entries, by.session['s0']?.entries], [50, 1]);
  assert.equal(Object.keys(by.providerModel).length, LIMITS.ledgerKeysMax + 1);
  assert.equal(by.providerModel['other']?.entries, count - LIMITS.ledgerKeysMax);
  assert.equal(total.entries, count);
});

test('an event nobody can read is counted, takes its place in the chain, and stops nothing', () => {
  const state = folded([
    { subject: 'gw.v1.ev.usage.anthropic', event: '{' },
    used(usageEvent('a', { account: 1 as unknown as string })),
    { subject: 'gw.v1.ev.admin', event: 'whatever' },
    used(usageEvent('b')),
  ]);
  assert.deepEqual([state.sequence, state.oddities.unreadable], [4, 2]);
  assert.equal(totalsOf(state, 'all', DAY).entries, 1);
});

test('an alert’s event marks it as fired, once', () => {
  const alert = { subject: 'gw.v1.ev.alert', event: { v: 1, id: 'alert.all.2026-11-22.80' } };
  const state = folded([alert, alert]);
  assert.deepEqual([...state.marks], [['alert.all.2026-11-22.80', NOW_MS]]);
});

test('100,000 entries replayed give what they gave one by one, and fast', (context) => {
  const count = 100_000;
  const bytes = Array.from({ length: count }, (_, index) => {
    const event = usageEvent(`rq${index.toString(16).padStart(24, '0')}`, {
      sessionId: `session-${index % 300}`,
      upstreamModel: `model-${index % 20}`,
    });
    return { event: JSON.stringify(event), subject: used(event).subject };
  });
  const startMs = performance.now();
  const state = folded(bytes);
  const ms = performance.now() - startMs;
  context.diagnostic(`${Math.round((count / ms) * 1_000)} entries/s parsed, chained and folded`);
  const { picodollars, entries } = totalsOf(state, 'all', DAY);
  assert.deepEqual([picodollars, entries], [1_234n * BigInt(count), count]);
  const half = folded(bytes.slice(0, count / 2));
  const chunks = half.unsaved.chunks.map((chunk) => chunk.bytes);
  const resumed = folded(
    bytes.slice(count / 2),
    unpackState(parseSnapshot(JSON.stringify(packState(half))), chunks),
    NOW_MS + count / 2,
  );
  assert.deepEqual(packState(resumed), packState(state));
});
