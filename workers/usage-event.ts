import type { PriceList } from '../config/prices/price-list.ts';
import { writtenCost } from '../config/prices/written-cost.ts';
import { type UsageEvent, usageEventId } from '../schemas/usage.ts';
import type { Outcome } from './answers/answer.ts';
import type { Provider, Work } from './provider.ts';
import type { RefusalReading } from './rate-limits/read-windows.ts';
import type { Reserved } from './reservations.ts';

/** What a worker noted during one attempt. Times in milliseconds. */
export interface AttemptNotes {
  readonly startedAtMs: number;
  /** The model name that the client knows. */
  readonly requestModel: string;
  upstreamModel: string;
  /** The upstream's HTTP status; null when it never answered. */
  status: number | null;
  firstContentAtMs: number | null;
  /** Null = the upstream was not called. */
  reserved: Reserved | null;
  /** What the upstream's refusal said about rate limits; null = it did not refuse. */
  refusal: RefusalReading | null;
}

/** An outcome of which nothing is left to decode. */
export type FinalOutcome = Exclude<Outcome, { kind: 'refused' }>;

/** Writes the usage event that ends an attempt. */
export function usageEventOf(
  { dispatch }: Work,
  notes: AttemptNotes,
  context: { provider: Provider; outcome: FinalOutcome; prices: PriceList; nowMs: number },
): UsageEvent {
  const { requestId, attempt, facts, clientKeyId } = dispatch;
  const { provider, outcome, prices, nowMs } = context;
  const { summary } = outcome;
  const { usage, raw, responseModel } = summary;
  const { startedAtMs, firstContentAtMs, upstreamModel } = notes;
  const priced = { provider: provider.id, upstreamModel, responseModel, raw, atMs: startedAtMs };
  return {
    v: 1,
    id: usageEventId(requestId, attempt),
    requestId,
    attempt,
    provider: provider.id,
    account: provider.account,
    requestModel: notes.requestModel,
    upstreamModel,
    responseModel,
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
    usage,
    raw,
    cost: writtenCost(usage, priced, prices),
    requestClass: facts.requestClass,
    messageId: summary.messageId,
    agentId: facts.agentId,
  };
}
