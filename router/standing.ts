import type { CircuitStanding, Forecast } from './knowledge.ts';

/** `healthy`, `degraded` (others are preferred) or `out` (only when nobody else fits). */
export type StandingLevel = 'healthy' | 'degraded' | 'out';

/** Why a target stands as it does. */
export type StandingCause =
  | 'well'
  | 'blocked'
  | 'ejected'
  | 'probed'
  | 'rate_limited'
  | 'suspect'
  | 'near_limit'
  | 'no_retry_budget'
  | 'recovering';

/** How a target stands for one request. */
export interface Standing {
  readonly level: StandingLevel;
  readonly cause: StandingCause;
  /** Milliseconds until it is back; 0 unless it is out, infinite = nobody knows. */
  readonly backInMs: number;
  /** It takes its share of requests as if it were well, to find out whether it is. */
  readonly isTrial: boolean;
  /** The trial is a probe: whoever it may be sent with goes there first, else nobody would ever find out. */
  readonly isProbe: boolean;
}

/** What beside the target itself decides. */
export interface StandingQuery {
  readonly circuit: CircuitStanding;
  readonly forecast: Forecast;
  /** It was the last to serve this conversation; null = nobody's prompt is cached. */
  readonly isHome: boolean | null;
  /** The request failed elsewhere and this target's retry budget is used up. */
  readonly lacksRetryBudget: boolean;
  /** A share from 0 to 1 that is the request's own at this target. */
  readonly share: number;
}

const WELL: Standing = {
  level: 'healthy',
  cause: 'well',
  backInMs: 0,
  isTrial: false,
  isProbe: false,
};
const TRIAL: Standing = { ...WELL, cause: 'recovering', isTrial: true };
const PROBE: Standing = { ...TRIAL, isProbe: true };
const SUSPECT = degraded('suspect');
const NEAR_LIMIT = degraded('near_limit');
const NO_RETRY_BUDGET = degraded('no_retry_budget');
const RECOVERING = degraded('recovering');

/** Judges a target for one request. Pure. */
export function standingOf(query: StandingQuery): Standing {
  return outOf(query) ?? degradedOf(query) ?? recoveringOf(query);
}

function outOf({ circuit, forecast }: StandingQuery): Standing | null {
  const { state, mayProbe } = circuit;
  if (state === 'blocked' || state === 'open' || (state === 'half_open' && !mayProbe)) {
    // One that is being probed may be well: nobody is a better last resort.
    const unknownMs = state === 'half_open' ? 0 : Number.POSITIVE_INFINITY;
    const backInMs = Math.max(circuit.backInMs ?? unknownMs, forecast.closedForMs);
    return out(CAUSE_OF[state], backInMs);
  }
  return forecast.closedForMs > 0 ? out('rate_limited', forecast.closedForMs) : null;
}

const CAUSE_OF = { blocked: 'blocked', open: 'ejected', half_open: 'probed' } as const;

function degradedOf({ circuit, forecast, lacksRetryBudget }: StandingQuery): Standing | null {
  if (circuit.state === 'suspect') return SUSPECT;
  if (forecast.isOverThreshold) return NEAR_LIMIT;
  return lacksRetryBudget ? NO_RETRY_BUDGET : null;
}

// A target that comes back gets its share, and of those that have a cached prompt elsewhere no first trial.
function recoveringOf({ circuit, isHome, share }: StandingQuery): Standing {
  const isHalfOpen = circuit.state === 'half_open';
  if (!isHalfOpen && circuit.weight >= 1) return WELL;
  if (isHalfOpen && isHome === false) return RECOVERING;
  if (!isHalfOpen && isHome === true) return WELL;
  if (share >= circuit.weight) return RECOVERING;
  return isHalfOpen ? PROBE : TRIAL;
}

function degraded(cause: StandingCause): Standing {
  return { ...WELL, level: 'degraded', cause };
}

function out(cause: StandingCause, backInMs: number): Standing {
  return { ...WELL, level: 'out', cause, backInMs };
}
