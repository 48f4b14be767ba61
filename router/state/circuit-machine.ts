import { LIMITS } from '../../config/limits.ts';
import type { FailureKind } from '../../schemas/observation.ts';
import type { CircuitRecord } from './circuit-record.ts';

/** What the circuit cannot know by itself. */
export interface CircuitSurroundings {
  /** 0 to 1, below 1. */
  readonly random: () => number;
  /** False = too many providers are ejected already. */
  readonly mayEject: () => boolean;
  /** The account's; null = not known. */
  readonly fingerprint: string | null;
}

/** Successful probes that end an ejection: 1, then 2, then 4 may be in flight. */
const ROUNDS = 3;
/** Ejections are spread by this share to both sides, lest routers and providers swing together. */
const JITTER = 0.2;
/** Doubled more often, an ejection is cut at its limit anyway. */
const DOUBLINGS_MAX = 10;
const BLOCKING: ReadonlySet<FailureKind> = new Set(['credential', 'billing', 'not_served']);

/** An attempt started: in an open, half-open or blocked circuit it is a probe. */
export function circuitStarted(circuit: CircuitRecord, nowMs: number): void {
  if (circuit.state === 'closed') return;
  circuit.probes = circuit.probes.filter((startMs) => isProbing(startMs, nowMs));
  if (circuit.probes.length < LIMITS.circuitProbesMax) circuit.probes.push(nowMs);
}

/** An attempt ended that says nothing about this circuit. Its probe is over. */
export function circuitReleased(circuit: CircuitRecord, nowMs: number): boolean {
  const startMs = circuit.probes.shift();
  return startMs !== undefined && isProbing(startMs, nowMs);
}

/** An attempt succeeded. */
export function circuitSucceeded(circuit: CircuitRecord, nowMs: number): void {
  const wasProbe = circuitReleased(circuit, nowMs);
  if (circuit.state === 'closed') {
    circuit.failuresInRow = 0;
    circuit.suspectUntilMs = Number.NEGATIVE_INFINITY;
    circuit.share.add(false, nowMs);
  } else if (circuit.state === 'blocked') {
    closeCircuit(circuit);
  } else if (wasProbe || nowMs >= circuit.untilMs) {
    // While it is open, an attempt from before the ejection tells nothing new: only one that started since does.
    circuit.untilMs = Math.min(circuit.untilMs, nowMs);
    circuit.rounds++;
    if (circuit.rounds < ROUNDS) return;
    closeCircuit(circuit);
    circuit.closedAtMs = nowMs;
  }
}

/** An attempt failed in a way that counts for this circuit. */
export function circuitFailed(
  circuit: CircuitRecord,
  { kind, nowMs }: { kind: FailureKind; nowMs: number },
  around: CircuitSurroundings,
): void {
  circuitReleased(circuit, nowMs);
  if (BLOCKING.has(kind)) {
    block(circuit, { kind, nowMs, fingerprint: around.fingerprint });
  } else if (circuit.state === 'blocked') {
    if (nowMs >= circuit.untilMs) circuit.untilMs = nowMs + LIMITS.circuitBillingMs;
  } else if (circuit.state === 'ejected') {
    circuit.cause = kind;
    if (nowMs < circuit.untilMs) return;
    if (around.mayEject()) eject(circuit, nowMs, around.random);
    else spare(circuit, nowMs);
  } else {
    circuit.cause = kind;
    circuit.failuresInRow++;
    circuit.share.add(true, nowMs);
    if (!isFailing(circuit, nowMs)) suspect(circuit, nowMs);
    else if (around.mayEject()) eject(circuit, nowMs, around.random);
    else spare(circuit, nowMs);
  }
}

/** Ends an ejection or a block; the next failure counts as the first. */
export function closeCircuit(circuit: CircuitRecord): void {
  circuit.state = 'closed';
  circuit.failuresInRow = 0;
  circuit.suspectUntilMs = Number.NEGATIVE_INFINITY;
  circuit.untilMs = Number.POSITIVE_INFINITY;
  circuit.rounds = 0;
  circuit.probes = [];
  circuit.share.clear();
  circuit.blockedFingerprint = null;
}

/** Not ejected although it fails: one of too many. It is avoided only, until it fails again or opens after all. */
export function spare(circuit: CircuitRecord, nowMs: number): void {
  closeCircuit(circuit);
  circuit.failuresInRow = LIMITS.circuitFailuresMax;
  circuit.suspectUntilMs = nowMs + LIMITS.circuitSuspectMsMax;
}

/** True while a start counts as a probe that may still report. */
export function isProbing(startMs: number, nowMs: number): boolean {
  return nowMs - startMs < LIMITS.circuitProbeMsMax;
}

/** Attempts that may be in flight at once in a half-open circuit. */
export function probesAllowed({ rounds }: CircuitRecord): number {
  return Math.min(LIMITS.circuitProbesMax, 2 ** rounds);
}

function isFailing(circuit: CircuitRecord, nowMs: number): boolean {
  if (circuit.failuresInRow >= LIMITS.circuitFailuresMax) return true;
  const { all, marked } = circuit.share.count(nowMs);
  return (
    all >= LIMITS.circuitShareAttemptsMin && marked * 100 >= all * LIMITS.circuitFailurePercentMax
  );
}

function suspect(circuit: CircuitRecord, nowMs: number): void {
  const forMs = LIMITS.circuitSuspectMs * 2 ** (circuit.failuresInRow - 1);
  circuit.suspectUntilMs = nowMs + Math.min(LIMITS.circuitSuspectMsMax, forMs);
}

function eject(circuit: CircuitRecord, nowMs: number, random: () => number): void {
  const wasHealthy =
    circuit.state === 'closed' && nowMs - circuit.closedAtMs >= LIMITS.circuitHealthyMs;
  if (wasHealthy) circuit.ejections = 0;
  const jitter = 1 - JITTER + 2 * JITTER * random();
  const forMs = LIMITS.circuitOpenMs * 2 ** circuit.ejections * jitter;
  closeCircuit(circuit);
  circuit.state = 'ejected';
  circuit.untilMs = nowMs + Math.min(LIMITS.circuitOpenMsMax, forMs);
  circuit.ejections = Math.min(DOUBLINGS_MAX, circuit.ejections + 1);
}

function block(
  circuit: CircuitRecord,
  why: { kind: FailureKind; nowMs: number; fingerprint: string | null },
): void {
  closeCircuit(circuit);
  circuit.state = 'blocked';
  circuit.cause = why.kind;
  circuit.blockedFingerprint = why.fingerprint;
  if (why.kind === 'billing') circuit.untilMs = why.nowMs + LIMITS.circuitBillingMs;
}
