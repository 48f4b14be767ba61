import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../config/limits.ts';
import type { RateLimit } from '../../../config/load-rate-limits.ts';
import type { Forecast } from '../../../router/knowledge.ts';
import { Windows } from '../../../router/state/windows.ts';
import type { WindowKind, WindowReading } from '../../../schemas/observation.ts';
import type { Target } from '../../../schemas/target.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const NEED = { inputTokens: 1_000, outputTokens: 100 };
const TOOK = { requests: 1, inputTokens: 1_000, outputTokens: 100 };
const OPEN: Forecast = { headroom: 1, isOverThreshold: false, closedForMs: 0, limitedBy: null };

const openrouter: Target = { provider: 'openrouter', account: 'KEY', upstreamModel: 'opus' };
const haiku: Target = { ...openrouter, upstreamModel: 'haiku' };
const anthropic: Target = { provider: 'anthropic', account: 'KEY', upstreamModel: 'opus' };

function create(rateLimits: readonly RateLimit[] = [], threshold = 0.8): Windows {
  return new Windows({ rateLimits, threshold });
}

function limited(kind: WindowKind, limit: number, rest: Partial<RateLimit> = {}): RateLimit {
  const windows = [{ kind, periodMs: MINUTE_MS, limit }];
  return { provider: 'openrouter', account: null, model: null, windows, ...rest };
}

function reading(rest: Partial<WindowReading>): WindowReading {
  return {
    kind: 'requests',
    scope: 'model',
    periodMs: null,
    limit: null,
    remaining: null,
    resetInMs: null,
    ...rest,
  };
}

let attempts = 0;

function start(windows: Windows, target: Target, nowMs: number, need = NEED): string {
  attempts += 1;
  const attemptId = `req_${attempts}.0`;
  windows.started({ attemptId, target }, { need, isStream: true }, nowMs);
  return attemptId;
}

function serve(windows: Windows, target: Target, nowMs: number, took = TOOK): void {
  const attemptId = start(windows, target, nowMs);
  windows.ended({ attemptId, target }, took, nowMs);
}

function refuse(
  windows: Windows,
  target: Target,
  nowMs: number,
  said: { retryAfterMs?: number | null; readings?: readonly WindowReading[] } = {},
): void {
  const attemptId = start(windows, target, nowMs);
  const { retryAfterMs = null, readings = [] } = said;
  windows.refused({ attemptId, target }, { retryAfterMs, readings }, nowMs);
}

test('where nobody knows a limit everything is open', () => {
  const windows = create();
  for (let index = 0; index < 1_000; index += 1) serve(windows, openrouter, index);
  assert.deepEqual(windows.forecast(openrouter, NEED, 1_000), OPEN);
});

test('a configured limit is kept over a sliding minute, shared by the models of an account', () => {
  const windows = create([limited('requests', 10)]);
  for (let index = 0; index < 7; index += 1) serve(windows, openrouter, 1_000 * index);
  const near = windows.forecast(haiku, NEED, 7_000);
  assert.deepEqual(near, {
    headroom: 0.2,
    isOverThreshold: false,
    closedForMs: 0,
    limitedBy: 'requests',
  });
  serve(windows, haiku, 7_000);
  assert.equal(windows.forecast(haiku, NEED, 7_000).isOverThreshold, true);
  for (let index = 0; index < 2; index += 1) serve(windows, haiku, 8_000);
  // The five of the first bucket leave together when the bucket has left the minute.
  const full = windows.forecast(openrouter, NEED, 8_000);
  assert.deepEqual(full, {
    headroom: 0,
    isOverThreshold: true,
    closedForMs: 57_000,
    limitedBy: 'requests',
  });
  assert.equal(windows.forecast(openrouter, NEED, 64_999).closedForMs, 1);
  assert.equal(windows.forecast(openrouter, NEED, 65_000).closedForMs, 0);
  const other: Target = { ...openrouter, account: 'KEY_2' };
  assert.equal(windows.forecast(other, NEED, 8_000).closedForMs, 0);
});

test('a configured limit of a model is its own, and the lowest of several counts', () => {
  const windows = create([
    limited('requests', 10, { model: '*' }),
    limited('requests', 2, { model: 'op?s', account: 'KEY' }),
    limited('requests', 1, { account: 'OTHER' }),
  ]);
  for (let index = 0; index < 2; index += 1) serve(windows, openrouter, 0);
  assert.ok(windows.forecast(openrouter, NEED, 0).closedForMs > 0);
  assert.equal(windows.forecast(haiku, NEED, 0).headroom, 0.9);
});

test('what is under way counts with what it is expected to take, then with what it took', () => {
  const windows = create([limited('tokens', 10_000)]);
  const attemptId = start(windows, openrouter, 0, { inputTokens: 4_000, outputTokens: 1_000 });
  assert.equal(windows.forecast(openrouter, NEED, 0).headroom, 0.39);
  const took = { requests: 1, inputTokens: 3_000, outputTokens: 200 };
  windows.ended({ attemptId, target: openrouter }, took, 1_000);
  assert.equal(windows.forecast(openrouter, NEED, 1_000).headroom, 0.57);
  assert.equal(windows.inFlight(openrouter), 0);
});

test('an attempt starts once; what took nothing leaves nothing', () => {
  const windows = create([limited('requests', 10), limited('tokens', 10_000)]);
  const attemptId = start(windows, openrouter, 0);
  const at = { attemptId, target: openrouter };
  assert.equal(windows.started(at, { need: NEED, isStream: true }, 0), false);
  assert.equal(windows.inFlight(openrouter), 1);
  windows.ended(at, { requests: 0, inputTokens: 0, outputTokens: 0 }, 10);
  const none = { inputTokens: 0, outputTokens: 0 };
  assert.equal(windows.forecast(openrouter, none, 10).headroom, 0.9);
});

test('an attempt that never ends holds its answer for 15 minutes', () => {
  const windows = create([limited('output_tokens', 1_000)]);
  start(windows, openrouter, 0, { inputTokens: 0, outputTokens: 900 });
  const none = { inputTokens: 0, outputTokens: 0 };
  const after = LIMITS.openAttemptMsMax;
  serve(windows, haiku, after - 1, { requests: 1, inputTokens: 0, outputTokens: 0 });
  assert.ok(windows.forecast(openrouter, none, after - 1).headroom < 0.2);
  serve(windows, haiku, after, { requests: 1, inputTokens: 0, outputTokens: 0 });
  assert.equal(windows.forecast(openrouter, none, after).headroom, 1);
  assert.equal(windows.inFlight(openrouter), 0);
});

test("the provider's word counts from its attempt's answer on; what started later comes on top", () => {
  const windows = create();
  const first = start(windows, openrouter, 0);
  start(windows, openrouter, 100);
  const said = [reading({ limit: 10, remaining: 6, resetInMs: 30_000 })];
  windows.answered({ attemptId: first, target: openrouter }, said, 200);
  assert.equal(windows.forecast(openrouter, NEED, 200).headroom, 0.4);
  for (let index = 0; index < 4; index += 1) start(windows, openrouter, 300);
  assert.ok(windows.forecast(openrouter, NEED, 300).isOverThreshold);
  start(windows, openrouter, 300);
  const full = windows.forecast(openrouter, NEED, 400);
  assert.equal(full.headroom, 0);
  assert.equal(full.closedForMs, 29_800);
  // A new period: nothing has been asked since.
  assert.equal(windows.forecast(openrouter, NEED, MINUTE_MS).headroom, 0.9);
});

test('of answers under way together the lower one counts; a later attempt brings a newer word', () => {
  const windows = create();
  const [a, b] = [start(windows, openrouter, 0), start(windows, openrouter, 0)];
  const told = (attemptId: string, remaining: number, nowMs: number): number => {
    const said = [reading({ limit: 100, remaining, resetInMs: 60_000 })];
    windows.answered({ attemptId, target: openrouter }, said, nowMs);
    windows.ended({ attemptId, target: openrouter }, TOOK, nowMs);
    return windows.forecast(openrouter, NEED, nowMs).headroom;
  };
  assert.equal(told(b, 50, 100), 0.49);
  assert.equal(told(a, 51, 110), 0.49);
  assert.equal(told(start(windows, openrouter, 200), 90, 300), 0.89);
});

test("Anthropic's windows fill up by the second", () => {
  const windows = create();
  const attemptId = start(windows, anthropic, 0);
  const said = [reading({ kind: 'input_tokens', limit: 10_000, remaining: 0, resetInMs: 60_000 })];
  windows.answered({ attemptId, target: anthropic }, said, 0);
  const small = { inputTokens: 2_000, outputTokens: 0 };
  assert.equal(windows.forecast(anthropic, small, 0).closedForMs, 12_000);
  assert.equal(windows.forecast(anthropic, small, 6_000).closedForMs, 6_000);
  assert.equal(windows.forecast(anthropic, small, 12_000).closedForMs, 0);
  assert.equal(windows.forecast(anthropic, small, 30_000).headroom, 0.3);
});

test('what is read from the cache counts where the provider counts it', () => {
  const need = { inputTokens: 9_000, cachedInputTokens: 8_000, outputTokens: 0 };
  for (const [target, headroom] of [
    [anthropic, 0.9],
    [{ ...anthropic, provider: 'vertex-claude' }, 0.9],
    [openrouter, 0.1],
  ] as const) {
    const windows = create([limited('input_tokens', 10_000, { provider: target.provider })]);
    assert.equal(windows.forecast(target, need, 0).headroom, headroom, target.provider);
    start(windows, target, 0, need);
    const small = { inputTokens: 0, outputTokens: 0 };
    assert.equal(windows.forecast(target, small, 0).headroom, headroom, target.provider);
  }
});

test('the length of a window is honoured; without one it follows from the reset', () => {
  const windows = create();
  const attemptId = start(windows, openrouter, 0);
  const said = [
    reading({ periodMs: DAY_MS, limit: 100, remaining: 50, resetInMs: 3_600_000 }),
    reading({ kind: 'tokens', limit: 9_000, remaining: 9_000, resetInMs: 7_200_000 }),
  ];
  windows.answered({ attemptId, target: openrouter }, said, 0);
  const periods = windows.view('openrouter', 'KEY', 0).filter(({ limit }) => limit !== null);
  assert.deepEqual(
    periods.map(({ kind, periodMs, used, source }) => [kind, periodMs, used, source]),
    [
      ['requests', DAY_MS, 50, 'published'],
      ['tokens', DAY_MS, 0, 'published'],
    ],
  );
});

test('a refusal closes the window that it names for as long as it says', () => {
  const exhausted = reading({ kind: 'tokens', limit: 100, remaining: 0, resetInMs: 20_000 });
  const named = reading({ kind: 'requests', periodMs: DAY_MS, limit: 50 });
  for (const [said, closedForMs, limitedBy] of [
    [{ retryAfterMs: 7_000 }, 7_000, 'requests'],
    [{ retryAfterMs: 7_000, readings: [exhausted] }, 20_000, 'tokens'],
    [{ readings: [exhausted] }, 20_000, 'tokens'],
    [{ readings: [named] }, LIMITS.rateClosedMs, 'requests'],
    [{}, LIMITS.rateClosedMs, 'requests'],
    [{ retryAfterMs: Number.NaN }, LIMITS.rateClosedMs, 'requests'],
    [{ retryAfterMs: -5 }, LIMITS.rateClosedMs, 'requests'],
    [{ retryAfterMs: Number.POSITIVE_INFINITY }, LIMITS.rateClosedMs, 'requests'],
    [{ retryAfterMs: 0 }, LIMITS.rateClosedMsMin, 'requests'],
    [{ retryAfterMs: DAY_MS }, LIMITS.rateClosedMsMax, 'requests'],
  ] as const) {
    const windows = create();
    refuse(windows, openrouter, 0, said);
    const forecast = windows.forecast(openrouter, { inputTokens: 0, outputTokens: 1 }, 0);
    assert.equal(forecast.closedForMs, closedForMs, JSON.stringify(said));
    assert.equal(forecast.limitedBy, limitedBy, JSON.stringify(said));
    assert.equal(forecast.headroom, 0);
    assert.equal(windows.forecast(haiku, NEED, 0).closedForMs, 0, 'another model');
  }
});

test('a window of the account closes for all its models, and a success opens nothing', () => {
  const windows = create();
  const said = [reading({ scope: 'account', remaining: 0, resetInMs: 20_000 })];
  refuse(windows, openrouter, 0, { readings: said });
  serve(windows, haiku, 1_000);
  assert.equal(windows.forecast(haiku, NEED, 2_000).closedForMs, 18_000);
  assert.equal(windows.forecast({ ...haiku, account: 'KEY_2' }, NEED, 2_000).closedForMs, 0);
  windows.reset('openrouter', 'KEY_2');
  assert.equal(windows.forecast(haiku, NEED, 2_000).closedForMs, 18_000);
  windows.reset('openrouter', null);
  assert.deepEqual(windows.forecast(haiku, NEED, 2_000), OPEN);
});

test('a window that opens again recovers within seconds', () => {
  const windows = create();
  refuse(windows, openrouter, 0, { retryAfterMs: 5_000 });
  const at = (nowMs: number): number =>
    Math.round(windows.forecast(openrouter, NEED, nowMs).headroom * 100);
  assert.deepEqual([at(4_999), at(5_000), at(10_000), at(15_000)], [0, 20, 60, 100]);
  assert.equal(windows.forecast(openrouter, NEED, 5_000).isOverThreshold, false);
});

test('a refusal without a known limit teaches one, which rises with use and is forgotten', () => {
  const windows = create();
  for (let index = 0; index < 40; index += 1) serve(windows, openrouter, 0);
  refuse(windows, openrouter, 10_000);
  refuse(windows, openrouter, 10_000);
  const limitAt = (nowMs: number): number | null | undefined =>
    windows.view('openrouter', 'KEY', nowMs).find(({ kind }) => kind === 'requests')?.limit;
  assert.equal(limitAt(10_000), 36);
  const byUse = windows.forecast(openrouter, NEED, 62_000);
  assert.ok(byUse.isOverThreshold && byUse.closedForMs === 0, 'a guess keeps nobody out');
  // 30 of 36 in one period, and the next one begins.
  for (let index = 0; index < 30; index += 1) serve(windows, openrouter, 130_000);
  for (let index = 0; index < 3; index += 1) serve(windows, openrouter, 200_000 + 65_000 * index);
  const risen = limitAt(400_000);
  assert.ok(risen !== null && risen !== undefined && Math.abs(risen - 37.8) < 1e-9, String(risen));
  assert.equal(windows.forecast(openrouter, NEED, 10_000 + LIMITS.learnedLimitMs).limitedBy, null);
});

test('a large request that is refused teaches a limit of tokens only; one that is known teaches none', () => {
  const windows = create();
  const large = { requests: 1, inputTokens: 50_000, outputTokens: 0 };
  for (let index = 0; index < 2; index += 1) serve(windows, openrouter, 0, large);
  const attemptId = start(windows, openrouter, 0, { inputTokens: 50_000, outputTokens: 0 });
  const at = { attemptId, target: openrouter };
  windows.refused(at, { retryAfterMs: null, readings: [] }, 0);
  const learned = (of: Windows) =>
    of
      .view('openrouter', 'KEY', 0)
      .filter(({ source }) => source === 'learned')
      .map(({ kind, limit }) => [kind, limit]);
  assert.deepEqual(learned(windows), [['tokens', 90_000]]);
  const told = create([limited('requests', 100)]);
  for (let index = 0; index < 40; index += 1) serve(told, openrouter, 0);
  refuse(told, openrouter, 0);
  assert.deepEqual(learned(told), []);
});

test('a remainder without a limit counts until its reset and says nothing afterwards', () => {
  const windows = create();
  const attemptId = start(windows, openrouter, 0);
  const said = [reading({ remaining: 1, resetInMs: 10_000 })];
  windows.answered({ attemptId, target: openrouter }, said, 0);
  start(windows, openrouter, 0);
  assert.equal(windows.forecast(openrouter, NEED, 0).closedForMs, 10_000);
  assert.deepEqual(windows.forecast(openrouter, NEED, 10_000), OPEN);
});

test('readings that are nonsense change nothing', () => {
  const windows = create();
  const attemptId = start(windows, openrouter, 0);
  for (const bad of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
    const said = [reading({ limit: bad, remaining: bad, resetInMs: bad, periodMs: bad })];
    windows.answered({ attemptId, target: openrouter }, said, 0);
  }
  windows.answered({ attemptId, target: openrouter }, [reading({ limit: 0, remaining: null })], 0);
  assert.deepEqual(windows.forecast(openrouter, NEED, 0), OPEN);
});

test('only so many targets are remembered', () => {
  const windows = create();
  for (let index = 0; index < LIMITS.rateScopesMax + 10; index += 1) {
    refuse(windows, { ...openrouter, upstreamModel: `m${index}` }, 0);
  }
  assert.equal(windows.forecast({ ...openrouter, upstreamModel: 'm0' }, NEED, 0).closedForMs, 0);
  const last = { ...openrouter, upstreamModel: `m${LIMITS.rateScopesMax}` };
  assert.ok(windows.forecast(last, NEED, 0).closedForMs > 0);
});
