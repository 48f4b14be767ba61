import { type EventBatches, startEventBatches } from '../bus/event-batches.ts';
import type { EventPublisher } from '../bus/events.ts';
import { LIMITS } from '../config/limits.ts';
import type { RequestEvent, RequestOutcome } from '../schemas/ledger.ts';
import { subjects } from '../schemas/subjects.ts';
import type { Exchange, ExchangeResult } from './exchange.ts';

/** Tells the ledger what clients saw of their requests, many at once. Disposing it sends those that wait. */
export function startRequestOutcomes(
  events: Pick<EventPublisher, 'publish' | 'publishAcknowledged'>,
): EventBatches<RequestOutcome> {
  return startEventBatches<RequestOutcome>(events, {
    subject: subjects.requestEvent(),
    kind: 'request',
    delayMsMax: LIMITS.outcomeDelayMsMax,
    event: (id, outcomes) => ({ v: 1, id, outcomes }) satisfies RequestEvent,
  });
}

/** What the client saw of an exchange. Times in Unix milliseconds. */
export function requestOutcome(
  { requestId, clientKeyId, facts }: Pick<Exchange, 'requestId' | 'clientKeyId' | 'facts'>,
  { status, provider, attempts, isFallback }: ExchangeResult,
  { startedAtMs, nowMs }: { readonly startedAtMs: number; readonly nowMs: number },
): RequestOutcome {
  const { sessionId, requestModel, requestClass } = facts;
  return {
    requestId,
    clientKeyId,
    sessionId,
    requestModel,
    requestClass,
    status,
    provider: provider === 'none' ? null : provider,
    attempts,
    isFallback,
    startedAtMs,
    durationMs: nowMs - startedAtMs,
  };
}
