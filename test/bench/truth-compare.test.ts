import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, type TrueCall } from '../../bench/truth/compare.ts';
import { percentOff, totalOf } from '../../bench/truth/estimate-sums.ts';
import { NO_USAGE, type UsageEvent } from '../../schemas/usage.ts';
import { NOW_MS, usageEvent } from '../ledger/support/events.ts';

function call(startedAtMs: number, picodollars: bigint, rest: Partial<TrueCall> = {}): TrueCall {
  return {
    session: 'session-1',
    provider: 'anthropic',
    startedAtMs: NOW_MS + startedAtMs,
    picodollars,
    listedPicodollars: picodollars,
    isBilled: true,
    fault: null,
    promptTokens: 100,
    cachedTokens: 0,
    story: '',
    ...rest,
  };
}

function entry(startedAtMs: number, picodollars: bigint, isEstimated = false): UsageEvent {
  return usageEvent(`req_${startedAtMs}`, {
    startedAtMs: NOW_MS + startedAtMs,
    durationMs: 500,
    estimated: isEstimated,
    outcome: isEstimated ? 'cancelled' : 'completed',
    usage: { ...NO_USAGE, inputTokens: 30, cacheReadInputTokens: 80, outputTokens: 5 },
    cost: {
      picodollars: String(picodollars),
      priceVersion: '0011223344556677',
      source: 'overlay',
    },
  });
}

test('requests of one conversation are told apart by when they were made', () => {
  const calls = [call(10, 100n), call(10_010, 200n), call(20_010, 300n, { cachedTokens: 60 })];
  const entries = [entry(20_000, 330n, true), entry(0, 90n, true), entry(10_000, 200n)];
  const { exact, estimated, estimatedCached, findings } = compare(calls, entries);
  assert.deepEqual([findings, exact.entries, exact.owed.picodollars], [[], 1, 200n]);
  const sums = [estimated, estimatedCached].map((each) => totalOf(each.values()));
  assert.deepEqual(
    sums.map(({ entered, owed }) => [entered.picodollars, owed.picodollars]),
    [
      [90n, 100n],
      [330n, 300n],
    ],
  );
  assert.deepEqual(
    sums.map((sum) => Math.round(percentOff(sum))),
    [-10, 10],
  );
  assert.deepEqual(sums[1]?.entered, { picodollars: 330n, promptTokens: 110, cachedTokens: 80 });
});

test('a call of another time has no entry, however many there are', () => {
  const { findings, estimated } = compare([call(60_000, 100n)], [entry(0, 100n, true)]);
  assert.equal(findings.length, 1);
  assert.match(findings[0] ?? '', /100 is owed .* and entered nowhere/);
  assert.deepEqual([...estimated.keys()], ['cancelled, no call']);
});

test('an exact entry of another amount, and one without a call, are wrong', () => {
  const { findings } = compare([call(0, 100n)], [entry(0, 101n), entry(30_000, 100n)]);
  assert.match(findings[0] ?? '', /is entered as 101, and 100 is owed/);
  assert.match(findings[1] ?? '', /costs 100, and nobody was called/);
});

test('an estimate is compared with the price list, which it was made by', () => {
  const calls = [call(0, 1_000n, { listedPicodollars: 100n })];
  const { estimatedByProvider } = compare(calls, [entry(0, 100n, true)]);
  assert.equal(percentOff(totalOf(estimatedByProvider.values())), 0);
});
