import { z } from 'zod';
import { LIMITS } from '../../config/limits.ts';
import { FAILURE_KINDS } from '../../schemas/observation.ts';
import { providerIdSchema } from '../../schemas/provider.ts';
import { type CircuitRecord, newCircuit } from './circuit-record.ts';
import { slidingShareSchema } from './sliding-share.ts';

const ms = z.number();

/** A circuit as JSON. Times are milliseconds from the snapshot on, ages milliseconds before it. */
export const circuitSchema = z.object({
  provider: providerIdSchema,
  account: z.string(),
  upstreamModel: z.string().nullable(),
  state: z.enum(['closed', 'ejected', 'blocked']),
  cause: z.enum(FAILURE_KINDS).nullable(),
  failuresInRow: z.number().int().min(0),
  suspectForMs: ms.min(0).max(LIMITS.circuitSuspectMsMax),
  /** Negative = it has been half-open for so long; null = nobody knows when. */
  backInMs: ms.max(LIMITS.circuitOpenMsMax).nullable(),
  ejections: z.number().int().min(0).max(64),
  closedAgeMs: ms.min(0).nullable(),
  rounds: z.number().int().min(0).max(2),
  probeAgesMs: z.array(ms.min(0)).max(LIMITS.circuitProbesMax),
  share: slidingShareSchema,
  blockedFingerprint: z.string().nullable(),
});
/** See `circuitSchema`. */
export type CircuitJson = z.infer<typeof circuitSchema>;

/** A circuit as JSON; null = it is as good as a new one. */
export function circuitToJson(circuit: CircuitRecord, nowMs: number): CircuitJson | null {
  const share = circuit.share.snapshot(nowMs);
  const isHealthy =
    circuit.state === 'closed' &&
    circuit.failuresInRow === 0 &&
    nowMs - circuit.closedAtMs >= LIMITS.circuitHealthyMs &&
    share.length === 0;
  if (isHealthy) return null;
  return {
    ...circuit.owner,
    state: circuit.state,
    cause: circuit.cause,
    failuresInRow: circuit.failuresInRow,
    suspectForMs: Math.max(0, circuit.suspectUntilMs - nowMs),
    backInMs: Number.isFinite(circuit.untilMs) ? circuit.untilMs - nowMs : null,
    ejections: circuit.ejections,
    closedAgeMs: Number.isFinite(circuit.closedAtMs)
      ? Math.max(0, nowMs - circuit.closedAtMs)
      : null,
    rounds: circuit.rounds,
    probeAgesMs: circuit.probes.map((startMs) => Math.max(0, nowMs - startMs)),
    share,
    blockedFingerprint: circuit.blockedFingerprint,
  };
}

/** From JSON; null = an ejection without an end is nonsense. */
export function circuitFromJson(json: CircuitJson, nowMs: number): CircuitRecord | null {
  if (json.state === 'ejected' && json.backInMs === null) return null;
  const { provider, account, upstreamModel } = json;
  const circuit = newCircuit({ provider, account, upstreamModel });
  circuit.state = json.state;
  circuit.cause = json.cause;
  circuit.failuresInRow = json.failuresInRow;
  circuit.suspectUntilMs = nowMs + json.suspectForMs;
  circuit.untilMs = json.backInMs === null ? Number.POSITIVE_INFINITY : nowMs + json.backInMs;
  circuit.ejections = json.ejections;
  if (json.closedAgeMs !== null) circuit.closedAtMs = nowMs - json.closedAgeMs;
  circuit.rounds = json.rounds;
  circuit.probes = json.probeAgesMs.map((ageMs) => nowMs - ageMs);
  circuit.share.restore(json.share, nowMs);
  circuit.blockedFingerprint = json.blockedFingerprint;
  return circuit;
}
