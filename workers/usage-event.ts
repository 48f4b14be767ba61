import { type UsageEvent, usageEventId } from '../schemas/usage.ts';
import type { Outcome } from './answers/answer.ts';
import type { Provider, Work } from './provider.ts';
import type { RefusalReading } from './rate-limits/read-windows.ts';

/** What a worker noted during one attempt. Times in milliseconds. */
export interface AttemptNotes {
  readonly startedAtMs: number;
  /** The model name that the client knows. */
  readonly requestModel: string;
  upstreamModel: string;
  /** The upstream's HTTP status; null when it never answered. */
  status: number | null;
  firstContentAtMs: number | null;
  /** What the upstream's refusal said about rate limits; null = it did not refuse. */
  refusal: RefusalReading | null;
}

/** An outcome of which nothing is left to decode. */
export type FinalOutcome = Exclude<Outcome, { kind: 'refused' }>;

/** Writes the usage event that ends an attempt. */
export function usageEventOf(
  { dispatch }: Work,
  notes: AttemptNotes,
  context: { provider: Provider; outcome: FinalOutcome; nowMs: number },
): UsageEvent {
  const { requestId, attempt, facts, clientKeyId } = dispatch;
  const { provider, outcome, nowMs } = context;
  const { summary } = outcome;
  const { startedAtMs, firstContentAtMs } = notes;
  return {
    v: 1,
    id: usageEventId(requestId, attempt),
    requestId,
    attempt,
    provider: provider.id,
    account: provider.account,
    requestModel: notes.requestModel,
    upstreamModel: notes.upstreamModel,
    responseModel: summary.responseModel,
    sessionId: facts.sessionId,
    clientKeyId,
    startedAtMs,
    firstByteMs: firstContentAtMs === null ? null : firstContentAtMs - startedAtMs,
    durationMs: nowMs - startedAtMs,
    outcome: outcome.kind,
    status: notes.status,
    errorType: outcome.kind === 'failed' ? outcome.error.type : null,
    stopReason: summary.stopReason,
    estimated: summary.estimated,
    usage: summary.usage,
    raw: summary.raw,
  };
}
