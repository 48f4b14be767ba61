import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RateLimit } from '../../../config/load-rate-limits.ts';
import type { RoutingState } from '../../../router/knowledge.ts';
import { createRoutingState } from '../../../router/state/routing-state.ts';
import { FAILURE_KINDS, type Observation, WINDOW_KINDS } from '../../../schemas/observation.ts';
import type { ProviderId } from '../../../schemas/provider.ts';
import { NO_SETTINGS } from '../../../schemas/routing.ts';
import type { Target } from '../../../schemas/target.ts';
import { ATTEMPT_OUTCOMES, NO_USAGE } from '../../../schemas/usage.ts';
import { answeredAt, endedAt, failedAt, startedAt } from '../support/observations.ts';
import { requestFor } from '../support/routing.ts';

const PROVIDERS: readonly ProviderId[] = ['anthropic', 'openrouter', 'vertex-claude'];
const NEED = { inputTokens: 1_000, outputTokens: 100 };
const opus: Target = { provider: 'openrouter', account: 'KEY', upstreamModel: 'opus' };
const haiku: Target = { ...opus, upstreamModel: 'haiku' };
const claude: Target = { ...opus, provider: 'anthropic' };
const TARGETS = [opus, haiku, claude];

function create(rateLimits: readonly RateLimit[] = []): RoutingState {
  return createRoutingState({
    rateLimits,
    threshold: 0.8,
    providers: PROVIDERS.map((provider) => ({ provider, accounts: ['KEY', 'KEY_2'] })),
    random: () => 0.5,
    toUnixMs: (ms) => ms + 1_000_000,
  });
}

function requestsPerMinute(limit: number): RateLimit {
  const windows = [{ kind: 'requests', periodMs: 60_000, limit }] as const;
  return { provider: 'openrouter', account: null, model: null, windows };
}

let attempts = 0;

function run(state: RoutingState, target: Target, nowMs: number, end = endedAt): string {
  attempts += 1;
  const attemptId = `req_${attempts}.0`;
  state.fold(startedAt(target, attemptId), nowMs);
  state.fold(end(target, attemptId), nowMs);
  return attemptId;
}

function fails(failure: (typeof FAILURE_KINDS)[number]) {
  return (target: Target, attemptId: string) => failedAt(target, attemptId, { failure });
}

/** Everything that a decision looks at. */
function knownBy(state: RoutingState, nowMs: number): unknown {
  return {
    targets: TARGETS.map((target) => [
      state.forecast(target, NEED, nowMs),
      state.circuit(target, nowMs),
      state.speed(target, nowMs),
      state.successProbability(target, nowMs),
      state.inFlight(target),
      state.hasRetryBudget(target, nowMs),
    ]),
    homes: state.homes('c', nowMs),
    output: state.expectedOutputTokens(requestFor().facts),
    health: PROVIDERS.map((provider) => state.health(provider, nowMs)),
  };
}

test('an attempt is in flight from its start to its end, and a decision before it', () => {
  const state = create();
  state.reserve('req_a', opus, { need: NEED, isRetry: false, conversation: null }, 0);
  assert.equal(state.inFlight(opus), 1);
  state.fold(startedAt(opus, 'req_a.0'), 10);
  assert.equal(state.inFlight(opus), 1);
  assert.equal(state.health('openrouter', 10).inFlight, 1);
  state.fold(endedAt(opus, 'req_a.0'), 20);
  assert.equal(state.inFlight(opus), 0);
});

test('decisions of one moment see each other before their attempts start', () => {
  const state = create([requestsPerMinute(3)]);
  for (const id of ['a', 'b', 'c']) {
    assert.equal(state.forecast(opus, NEED, 0).closedForMs, 0, id);
    state.reserve(id, opus, { need: NEED, isRetry: false, conversation: null }, 0);
  }
  assert.ok(state.forecast(haiku, NEED, 0).closedForMs > 0);
});

test('an attempt that ended twice counts once, and nothing of it afterwards', () => {
  const state = create([requestsPerMinute(10)]);
  const attemptId = run(state, opus, 0);
  const before = knownBy(state, 100);
  state.fold(endedAt(opus, attemptId), 0);
  state.fold(failedAt(opus, attemptId, { failure: 'overloaded' }), 0);
  state.fold(startedAt(opus, attemptId), 0);
  const readings = [
    { kind: 'requests', scope: 'model', periodMs: null, limit: 9, remaining: 0, resetInMs: 9 },
  ] as const;
  state.fold(answeredAt(opus, attemptId, { windows: readings }), 0);
  assert.deepEqual(knownBy(state, 100), before);
});

test('an end without a start counts', () => {
  const state = create([requestsPerMinute(10)]);
  state.fold(endedAt(opus, 'req_x.0'), 0);
  assert.equal(state.forecast(opus, NEED, 0).headroom, 0.8);
  assert.equal(state.health('openrouter', 0).successCount, 1);
});

test('a rate limit closes a window and is no ill health; a failed connection takes nothing', () => {
  const state = create();
  for (let index = 0; index < 8; index += 1) {
    run(state, opus, 0, (target, attemptId) =>
      failedAt(target, attemptId, { failure: 'rate_limited', status: 429, retryAfterMs: 20_000 }),
    );
  }
  assert.equal(state.circuit(opus, 0).state, 'closed');
  assert.equal(state.forecast(opus, NEED, 0).closedForMs, 20_000);
  assert.equal(state.successProbability(opus, 0), 0.98);
  const health = state.health('openrouter', 0);
  assert.equal(health.rateLimitCount, 8);
  assert.equal(health.errorCount, 0);
  const limited = create([requestsPerMinute(10)]);
  run(limited, opus, 0, fails('connection'));
  assert.equal(limited.forecast(opus, NEED, 0).headroom, 0.9);
});

test('what a failure is decides what learns from it', () => {
  const lowers = (failure: (typeof FAILURE_KINDS)[number]): boolean => {
    const state = create();
    for (let index = 0; index < 6; index += 1) run(state, opus, 0, fails(failure));
    return state.circuit(opus, 0).state !== 'closed';
  };
  const counted = FAILURE_KINDS.filter(lowers);
  assert.deepEqual(
    FAILURE_KINDS.filter((kind) => !counted.includes(kind)),
    ['rate_limited', 'request'],
  );
});

test('an account with another fingerprint and a reset let a blocked account in again', () => {
  for (const unblock of [
    { kind: 'account', provider: 'openrouter', account: 'KEY', fingerprint: 'b' },
    { kind: 'reset', provider: 'openrouter', account: null },
  ] as const) {
    const state = create();
    state.fold({ kind: 'account', provider: 'openrouter', account: 'KEY', fingerprint: 'a' }, 0);
    run(state, opus, 0, fails('credential'));
    assert.equal(state.circuit(haiku, 0).state, 'blocked');
    state.fold(unblock, 1);
    assert.equal(state.circuit(haiku, 1).state, 'closed', unblock.kind);
  }
});

test('a conversation is at home where it was served, and its cached prompt takes nothing of a window', () => {
  const windows = [{ kind: 'input_tokens', periodMs: 60_000, limit: 10_000 }] as const;
  const state = create([{ provider: 'anthropic', account: null, model: null, windows }]);
  const usage = { ...NO_USAGE, cacheCreation5mInputTokens: 1_000, outputTokens: 10 };
  const warm = { conversation: 'c', cacheTtlMs: 300_000, usage };
  state.fold(startedAt(claude, 'req_1.0', { conversation: 'c' }), 0);
  state.fold(endedAt(claude, 'req_1.0', warm), 0);
  const [home] = state.homes('c', 1_000);
  assert.deepEqual(home, { ...claude, cachedTokens: 1_000, warmForMs: 299_000 });
  state.fold(
    startedAt(claude, 'req_2.0', { conversation: 'c', inputTokensEstimate: 1_200 }),
    1_000,
  );
  const nothing = { inputTokens: 0, outputTokens: 0 };
  assert.equal(state.forecast(claude, nothing, 1_000).headroom, 0.88);
  const counted = create();
  const count = { conversation: 'c', cacheTtlMs: 300_000, usage: NO_USAGE, firstContentMs: null };
  counted.fold(endedAt(claude, 'req_3.0', count), 0);
  assert.deepEqual(counted.homes('c', 0), [], 'a count of tokens is no visit');
  assert.equal(counted.expectedOutputTokens(requestFor().facts), 700);
});

test('a stream that waits far too long for its headers makes others preferred', () => {
  const state = create();
  state.fold(startedAt(opus, 'req_s.0'), 0);
  assert.equal(state.circuit(opus, 9_000).state, 'closed');
  assert.equal(state.circuit(opus, 11_000).state, 'suspect');
  const copy = create();
  assert.ok(copy.restore(state.snapshot(10_000), 50_000));
  assert.equal(copy.circuit(opus, 51_000).state, 'suspect');
  state.fold(answeredAt(opus, 'req_s.0'), 11_500);
  assert.equal(state.circuit(opus, 12_000).state, 'closed');
});

test('health tells state, reason and score', () => {
  const state = create();
  assert.ok(state.health('openrouter', 0).score > 0.95);
  run(state, opus, 0);
  run(state, opus, 5, fails('overloaded'));
  const suspect = state.health('openrouter', 5);
  assert.equal(suspect.status, 'available');
  assert.ok(suspect.score > 0.4 && suspect.score < 1);
  assert.equal(suspect.lastError, 'overloaded');
  assert.equal(suspect.lastErrorMs, 1_000_005);
  assert.equal(suspect.lastSuccessMs, 1_000_000);
  assert.equal(suspect.successRate, 0.5);
  run(state, opus, 10, (target, attemptId) =>
    failedAt(target, attemptId, { failure: 'rate_limited', retryAfterMs: 20_000 }),
  );
  const limited = state.accountHealth('openrouter', 'KEY', 10);
  assert.equal(limited.status, 'rate_limited');
  assert.equal(limited.backInMs, 20_000);
  assert.match(limited.reason ?? '', /rate limit of requests is reached \(opus\)/);
  assert.ok(limited.windows.some(({ closedForMs }) => closedForMs === 20_000));
  // The other account is well, so the provider is.
  assert.equal(state.health('openrouter', 10).status, 'available');
  run(state, opus, 20, fails('credential'));
  const blocked = state.accountHealth('openrouter', 'KEY', 20);
  assert.equal(blocked.status, 'error');
  assert.match(blocked.reason ?? '', /credential is refused/);
  state.apply({ ...NO_SETTINGS, maintenance: [{ provider: 'openrouter', sinceMs: 0 }] });
  assert.ok(state.isInMaintenance('openrouter'));
  const out = state.health('openrouter', 20);
  assert.equal(out.status, 'maintenance');
  assert.equal(out.score, 0);
  assert.ok(out.accounts.every(({ status }) => status === 'maintenance'));
});

const number = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 100_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, -1, Number.POSITIVE_INFINITY, 1e300) },
);
const numberOrNull = fc.option(number, { nil: null });
const target = fc.constantFrom(...TARGETS);
const reading = fc.record({
  kind: fc.constantFrom(...WINDOW_KINDS),
  scope: fc.constantFrom('model' as const, 'account' as const),
  periodMs: numberOrNull,
  limit: numberOrNull,
  remaining: numberOrNull,
  resetInMs: numberOrNull,
});
const attemptId = fc.integer({ min: 0, max: 30 }).map((each) => `req_${each}.0`);
const usage = fc.record({
  inputTokens: number,
  outputTokens: number,
  cacheReadInputTokens: number,
});
const observation: fc.Arbitrary<Observation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(target, attemptId, number, number, fc.boolean())
      .map(([at, id, inputTokensEstimate, maxOutputTokens, isStream]) =>
        startedAt(at, id, { inputTokensEstimate, maxOutputTokens, isStream, conversation: 'c' }),
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(target, attemptId, fc.array(reading, { maxLength: 3 }))
      .map(([at, id, windows]) => answeredAt(at, id, { windows })),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({
        at: target,
        id: attemptId,
        outcome: fc.constantFrom(...ATTEMPT_OUTCOMES),
        failure: fc.option(fc.constantFrom(...FAILURE_KINDS), { nil: null }),
        retryAfterMs: numberOrNull,
        windows: fc.array(reading, { maxLength: 2 }),
        firstContentMs: numberOrNull,
        durationMs: number,
        cacheTtlMs: number,
        used: usage,
      })
      .map(({ at, id, used, ...rest }) =>
        endedAt(at, id, { ...rest, conversation: 'c', usage: { ...NO_USAGE, ...used } }),
      ),
  },
  {
    weight: 1,
    arbitrary: target.map(({ provider, account }) => ({
      kind: 'reset' as const,
      provider,
      account,
    })),
  },
);
const step = fc.tuple(observation, fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 90_000 })));

test('whatever happens: nothing throws, every number is one, and a copy of a snapshot knows the same', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 0, max: 1_000_000 }),
      fc.array(step, { maxLength: 10 }),
      (before, shiftMs, after) => {
        const state = create([requestsPerMinute(20)]);
        let nowMs = 1_000;
        for (const [each, afterMs] of before) {
          nowMs += afterMs;
          state.fold(each, nowMs);
        }
        const copy = create([requestsPerMinute(20)]);
        const json: unknown = JSON.parse(JSON.stringify(state.snapshot(nowMs)));
        assert.ok(copy.restore(json, nowMs + shiftMs));
        for (const part of state.homesInParts(nowMs)) copy.addHomes(part, nowMs + shiftMs);
        assertSame(knownBy(state, nowMs), knownBy(copy, nowMs + shiftMs), shiftMs);
        for (const [each, afterMs] of after) {
          nowMs += afterMs;
          state.fold(each, nowMs);
          copy.fold(each, nowMs + shiftMs);
        }
        assertSame(knownBy(state, nowMs), knownBy(copy, nowMs + shiftMs), shiftMs);
      },
    ),
    { numRuns: 200 },
  );
});

test('nonsense is passed over', () => {
  const state = create();
  run(state, opus, 0);
  const before = knownBy(state, 10);
  for (const nonsense of [
    null,
    'x',
    7,
    {},
    { kind: 'started' },
    { kind: 'ended', provider: 'openrouter', account: 'KEY' },
    { ...startedAt(opus, 'req_n.0'), provider: '__proto__' },
    { ...endedAt(opus, 'req_n.0'), usage: null },
    { ...endedAt(opus, 'req_n.0'), failure: 'toString' },
    { ...answeredAt(opus, 'req_n.0'), windows: [null] },
    { ...startedAt(opus, 'req_n.0'), requestClass: 'constructor' },
  ]) {
    state.fold(nonsense as Observation, 10); // as it may come from the bus
  }
  state.fold(startedAt(opus, 'req_n.0'), Number.NaN);
  assert.deepEqual(knownBy(state, 10), before);
  for (const snapshot of [null, 'x', {}, { v: 2 }, { v: '1' }]) {
    assert.equal(state.restore(snapshot, 10), false);
  }
  assert.deepEqual(knownBy(state, 10), before);
  const broken = { v: 1, windows: { atMs: 0, scopes: [{}, null, 7], attempts: 'x' }, circuits: 5 };
  assert.equal(state.restore(broken, 10), true);
  assert.equal(state.forecast(opus, NEED, 10).headroom, 1);
});

/** Equal but for the rounding of times, which are differences of clocks. */
function assertSame(a: unknown, b: unknown, unixShiftMs: number, path = ''): void {
  if (typeof a === 'number' && typeof b === 'number') {
    assert.ok(!Number.isNaN(a) && !Number.isNaN(b), `${path} is no number`);
    const shiftMs = /last(Success|Error)Ms$/.test(path) ? unixShiftMs : 0;
    const isClose =
      a === b - shiftMs || Math.abs(a - b + shiftMs) <= 1e-6 * Math.max(1, Math.abs(a));
    assert.ok(isClose, `${path}: ${a} and ${b}`);
  } else if (typeof a === 'object' && a !== null && typeof b === 'object' && b !== null) {
    assert.deepEqual(Object.keys(a), Object.keys(b), path);
    for (const key of Object.keys(a)) {
      assertSame(Reflect.get(a, key), Reflect.get(b, key), unixShiftMs, `${path}.${key}`);
    }
  } else assert.equal(a, b, path);
}
