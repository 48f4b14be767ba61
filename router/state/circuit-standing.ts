import { LIMITS } from '../../config/limits.ts';
import type { CircuitStanding } from '../knowledge.ts';
import { isProbing, probesAllowed } from './circuit-machine.ts';
import type { CircuitRecord } from './circuit-record.ts';

/** The standing of somebody of whom nothing bad is known. */
export const CLOSED: CircuitStanding = Object.freeze({
  state: 'closed',
  cause: null,
  backInMs: 0,
  mayProbe: true,
  weight: 1,
});

const WEIGHT_MIN = 0.1;
const BADNESS = { closed: 0, suspect: 1, half_open: 2, open: 3, blocked: 4 };

/** How a circuit stands now. Changes nothing. */
export function standingOf(circuit: CircuitRecord, nowMs: number): CircuitStanding {
  const { state, cause } = circuit;
  if (state === 'closed') {
    const weight = weightOf(circuit, nowMs);
    if (nowMs < circuit.suspectUntilMs) {
      return { state: 'suspect', cause, backInMs: 0, mayProbe: true, weight };
    }
    return weight === 1 ? CLOSED : { ...CLOSED, weight };
  }
  if (nowMs >= circuit.untilMs) {
    const inFlight = circuit.probes.filter((startMs) => isProbing(startMs, nowMs)).length;
    const mayProbe = inFlight < probesAllowed(circuit);
    const backInMs = mayProbe ? 0 : null;
    return { state: 'half_open', cause, backInMs, mayProbe, weight: WEIGHT_MIN };
  }
  return {
    state: state === 'blocked' ? 'blocked' : 'open',
    cause,
    backInMs: circuit.untilMs === Number.POSITIVE_INFINITY ? null : circuit.untilMs - nowMs,
    mayProbe: false,
    weight: WEIGHT_MIN,
  };
}

/** The standing of a target behind both circuits: the worse one's, or the later one's of two equals. */
export function worseStanding(one: CircuitStanding, other: CircuitStanding): CircuitStanding {
  if (one === CLOSED) return other;
  if (other === CLOSED) return one;
  const worse = isWorse(one, other) ? one : other;
  return { ...worse, weight: Math.min(one.weight, other.weight) };
}

function isWorse(one: CircuitStanding, other: CircuitStanding): boolean {
  const difference = BADNESS[one.state] - BADNESS[other.state];
  if (difference !== 0) return difference > 0;
  return (one.backInMs ?? Infinity) > (other.backInMs ?? Infinity);
}

// A target that was out is given its traffic little by little.
function weightOf({ closedAtMs }: CircuitRecord, nowMs: number): number {
  const share = (nowMs - closedAtMs) / LIMITS.circuitSlowStartMs;
  return share >= 1 ? 1 : WEIGHT_MIN + (1 - WEIGHT_MIN) * Math.max(0, share);
}
