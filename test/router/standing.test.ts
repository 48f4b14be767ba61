import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CircuitStanding, Forecast } from '../../router/knowledge.ts';
import { type StandingQuery, standingOf } from '../../router/standing.ts';

const CIRCUIT: CircuitStanding = {
  state: 'closed',
  cause: null,
  backInMs: 0,
  mayProbe: true,
  weight: 1,
};
const FORECAST: Forecast = { headroom: 1, isOverThreshold: false, closedForMs: 0, limitedBy: null };

interface Given extends Partial<Omit<StandingQuery, 'circuit' | 'forecast'>> {
  readonly circuit?: Partial<CircuitStanding>;
  readonly forecast?: Partial<Forecast>;
}

function standing({ circuit, forecast, ...rest }: Given = {}) {
  return standingOf({
    circuit: { ...CIRCUIT, ...circuit },
    forecast: { ...FORECAST, ...forecast },
    isHome: null,
    lacksRetryBudget: false,
    share: 0.5,
    ...rest,
  });
}

const OPEN = { state: 'open', backInMs: 5_000, mayProbe: false } as const;
const BLOCKED = { state: 'blocked', backInMs: null, mayProbe: false } as const;
const HALF_OPEN = { state: 'half_open', weight: 0.1 } as const;

test('who is well is healthy', () => {
  assert.deepEqual(standing(), {
    level: 'healthy',
    cause: 'well',
    backInMs: 0,
    isTrial: false,
    isProbe: false,
  });
});

test('who is ejected, blocked, fully probed or at its limit is out', () => {
  for (const [given, cause, backInMs] of [
    [{ circuit: OPEN }, 'ejected', 5_000],
    [{ circuit: BLOCKED }, 'blocked', Number.POSITIVE_INFINITY],
    [{ circuit: { ...HALF_OPEN, mayProbe: false, backInMs: null } }, 'probed', 0],
    [{ forecast: { closedForMs: 900 } }, 'rate_limited', 900],
    [{ circuit: OPEN, forecast: { closedForMs: 60_000 } }, 'ejected', 60_000],
    [{ circuit: { state: 'suspect' }, forecast: { closedForMs: 900 } }, 'rate_limited', 900],
  ] as const) {
    assert.deepEqual(standing(given), {
      level: 'out',
      cause,
      backInMs,
      isTrial: false,
      isProbe: false,
    });
  }
});

test('who has just failed, nears its limit or has had its retries is degraded', () => {
  for (const [given, cause] of [
    [{ circuit: { state: 'suspect' } }, 'suspect'],
    [{ forecast: { isOverThreshold: true } }, 'near_limit'],
    [{ lacksRetryBudget: true }, 'no_retry_budget'],
  ] as const) {
    assert.deepEqual(standing(given), {
      level: 'degraded',
      cause,
      backInMs: 0,
      isTrial: false,
      isProbe: false,
    });
  }
});

test('a half-open target gets the requests of its share, but no conversation that is warm elsewhere', () => {
  const halfOpen = (rest: Given) => standing({ circuit: HALF_OPEN, ...rest });
  assert.equal(halfOpen({ share: 0.05 }).isProbe, true);
  assert.equal(halfOpen({ share: 0.05 }).level, 'healthy');
  assert.equal(halfOpen({ share: 0.05, isHome: true }).level, 'healthy');
  assert.equal(halfOpen({ share: 0.05, isHome: false }).level, 'degraded');
  assert.equal(halfOpen({ share: 0.1 }).level, 'degraded');
});

test('after an ejection the share grows, and its own conversations are at home', () => {
  const closed = (rest: Given) => standing({ circuit: { weight: 0.4 }, ...rest });
  assert.equal(closed({ share: 0.39 }).isTrial, true);
  assert.equal(closed({ share: 0.39 }).isProbe, false);
  assert.equal(closed({ share: 0.41 }).level, 'degraded');
  assert.equal(closed({ share: 0.41, isHome: true }).cause, 'well');
});
