import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AlertRule } from '../../config/load-alerts.ts';
import { crossings } from '../../ledger/alert-crossings.ts';
import { alertId, alertOf } from '../../ledger/alert-text.ts';
import { forecastCrossing, riseCrossing } from '../../ledger/alert-trends.ts';
import { forecastOfDay } from '../../ledger/forecast.ts';
import { emptyState, type LedgerState } from '../../ledger/state/ledger-state.ts';
import { alertSchema } from '../../schemas/alert.ts';
import { PICODOLLARS_PER_USD as USD } from '../../schemas/money.ts';
import { NOW_MS, usageEvent, used } from './support/events.ts';
import { foldLogged } from './support/rig.ts';

interface Entry {
  readonly usd: number;
  readonly endedAtMs?: number;
  readonly provider?: 'anthropic' | 'openrouter';
  readonly sessionId?: string | null;
  readonly clientKeyId?: string | null;
}

function stateOf(entries: readonly Entry[]): LedgerState {
  const state = emptyState();
  for (const [index, { usd, endedAtMs = NOW_MS, ...changes }] of entries.entries()) {
    const picodollars = String(BigInt(Math.round(usd * 1_000_000)) * (USD / 1_000_000n));
    const cost = { picodollars, priceVersion: '0', source: 'overlay' } as const;
    const startedAtMs = endedAtMs - 1_000;
    const { subject, event } = used(usageEvent(`r${index}`, { ...changes, cost, startedAtMs }));
    const data = Buffer.from(JSON.stringify(event));
    foldLogged(state, { sequence: index + 1, storedAtMs: endedAtMs, subject, data });
  }
  return state;
}

function rule(changes: Partial<AlertRule>): AlertRule {
  const plain = { scope: 'global', name: null, period: 'day', picodollars: 10n * USD } as const;
  return { ...plain, steps: [50, 80, 100], ...changes };
}

function found(state: LedgerState, rules: readonly AlertRule[], nowMs = NOW_MS) {
  return crossings(state, rules, nowMs).map(
    ({ scope, name, periodName, step }) => `${scope} ${name} ${periodName} ${step}`,
  );
}

test('steps are reached at their share to the picodollar, not before', () => {
  const day = '2026-11-22';
  assert.deepEqual(found(stateOf([{ usd: 4.999_999 }]), [rule({})]), []);
  assert.deepEqual(found(stateOf([{ usd: 5 }]), [rule({})]), [`global null ${day} 50`]);
  assert.deepEqual(found(stateOf([{ usd: 12 }]), [rule({})]), [
    `global null ${day} 50`,
    `global null ${day} 80`,
    `global null ${day} 100`,
  ]);
});

test('each provider, key and session has a line for itself, by pattern', () => {
  const state = stateOf([
    { usd: 6, provider: 'openrouter', sessionId: 'work-1', clientKeyId: 'aa' },
    { usd: 6, provider: 'anthropic', sessionId: 'work-2', clientKeyId: 'aa' },
    { usd: 6, provider: 'anthropic', sessionId: null, clientKeyId: null },
  ]);
  const steps = [50];
  const of = (changes: Partial<AlertRule>) =>
    found(state, [rule({ steps, period: 'month', ...changes })]);
  assert.deepEqual(of({ scope: 'provider', name: 'open*' }), ['provider openrouter 2026-11 50']);
  assert.deepEqual(of({ scope: 'provider', steps: [100] }), ['provider anthropic 2026-11 100']);
  assert.deepEqual(of({ scope: 'key' }), ['key aa 2026-11 50']);
  assert.deepEqual(of({ scope: 'session' }), [
    'session work-1 2026-11 50',
    'session work-2 2026-11 50',
  ]);
  assert.deepEqual(of({ scope: 'session', name: '*-2' }), ['session work-2 2026-11 50']);
});

test('a period that has just ended is still looked at, an older one is not', () => {
  const state = stateOf([{ usd: 20 }]);
  const hours = [rule({ period: 'hour', steps: [100] })];
  const endMs = Date.UTC(2026, 10, 22, 6);
  assert.deepEqual(found(state, hours, endMs + 60_000), ['global null 2026-11-22T05 100']);
  assert.deepEqual(found(state, hours, endMs + 20 * 60_000), []);
});

test('an id is the same for the same line and period, and visible ASCII for any name', () => {
  const scopes = ['provider', 'key', 'session'] as const;
  const line = fc.record({
    kind: fc.constant('threshold' as const),
    scope: fc.constantFrom(...scopes),
    name: fc.string({ unit: 'binary', maxLength: 20 }),
    period: fc.constant('day' as const),
    periodName: fc.constant('2026-11-22'),
    step: fc.integer({ min: 1, max: 1_000 }),
    threshold: fc.bigInt({ min: 1n, max: 10n ** 15n }),
  });
  fc.assert(
    fc.property(line, (of) => {
      assert.match(alertId(of), /^[\x21-\x7e]+$/);
      assert.equal(alertId(of), alertId({ ...of }));
      assert.notEqual(alertId(of), alertId({ ...of, step: of.step + 1 }));
      assert.notEqual(alertId(of), alertId({ ...of, threshold: of.threshold + 1n }));
    }),
  );
});

test('an alert says in numbers and words what happened', () => {
  const [crossing] = crossings(stateOf([{ usd: 8.125 }]), [rule({ steps: [80] })], NOW_MS);
  assert.ok(crossing !== undefined);
  const alert = alertOf(crossing, NOW_MS);
  assert.deepEqual(alertSchema.parse(JSON.parse(JSON.stringify(alert))), {
    v: 1,
    id: 'alert.global.day.2026-11-22.10.80',
    kind: 'threshold',
    scope: 'global',
    name: null,
    period: 'day',
    periodStart: '2026-11-22T00:00:00.000Z',
    step: 80,
    thresholdUsd: 10,
    spentUsd: 8.125,
    spentPicodollars: '8125000000000',
    atMs: NOW_MS,
    message: '80 % of 10.00 USD reached today: 8.12 USD',
  });
});

/** Spending by hours before NOW_MS's hour; the day is that of NOW_MS. */
function spentBy(hours: Readonly<Record<string, bigint>>) {
  const day = Object.entries(hours).filter(([hour]) => hour.startsWith('2026-11-22'));
  const sums = new Map(Object.entries(hours));
  sums.set(
    '2026-11-22',
    day.reduce((sum, [, spent]) => sum + spent, 0n),
  );
  return (period: string) => sums.get(period) ?? 0n;
}

test('the forecast goes on at the pace of the last hours, over midnight', () => {
  // Two and a half hours at 4 dollars an hour, and 18.5 hours to go.
  const steady = spentBy({
    '2026-11-22T03': 4n * USD,
    '2026-11-22T04': 4n * USD,
    '2026-11-22T05': 2n * USD,
  });
  assert.equal(forecastOfDay(steady, NOW_MS), 10n * USD + 74n * USD);
  const justAfterMidnight = Date.UTC(2026, 10, 22, 0, 30);
  const evening = spentBy({ '2026-11-21T22': 5n * USD, '2026-11-21T23': 5n * USD });
  assert.equal(forecastOfDay(evening, justAfterMidnight), 94n * USD);
  assert.equal(
    forecastOfDay(() => 0n, NOW_MS),
    0n,
  );
});

test('a forecast is told once a fifth of the day’s line is spent and before the line is', () => {
  const spent = (usd: bigint) => spentBy({ '2026-11-22T05': usd * USD });
  const told = (usd: bigint) => forecastCrossing(spent(usd), 50n * USD, NOW_MS);
  assert.equal(told(9n), null);
  assert.equal(told(50n), null);
  const crossing = told(10n);
  assert.ok(crossing !== null);
  assert.equal(crossing.forecast, 84n * USD);
  const alert = alertOf(crossing, NOW_MS);
  assert.equal(alert.id, 'alert.global.day.2026-11-22.50.forecast');
  assert.equal(alert.forecastUsd, 84);
  assert.match(alert.message, /will cost 84\.00 USD, more than 50\.00 USD \(10\.00 USD so far\)/);
});

test('a rise is more than three times the usual and more than a dollar, under one id per hour', () => {
  const spent = (millis: bigint) => spentBy({ '2026-11-22T05': (millis * USD) / 1_000n });
  const told = (millis: bigint, usual: bigint) => riseCrossing(spent(millis), usual, NOW_MS);
  assert.equal(told(1_000n, 0n), null);
  assert.equal(told(6_000n, 2n * USD), null);
  const [night, day] = [told(1_001n, 0n), told(6_001n, 2n * USD)];
  assert.ok(night !== null && day !== null);
  assert.equal(alertId(night), 'alert.global.hour.2026-11-22T05.rise');
  assert.equal(alertId(day), alertId(night));
  assert.equal(told(900n, 10n), null);
});
