import type { EventPublisher } from '../bus/events.ts';
import type { ProviderId } from '../schemas/provider.ts';
import { subjects } from '../schemas/subjects.ts';
import { NO_USAGE, type UsageEvent, usageEventId } from '../schemas/usage.ts';
import type { Exchange } from './exchange.ts';
import type { Relay } from './relay.ts';

/** Bytes of event stream per output token, as streamed by Anthropic with one delta per few tokens. */
const STREAM_BYTES_PER_TOKEN = 40;

/** An attempt whose worker vanished. */
export interface LostAttempt {
  readonly exchange: Exchange;
  readonly provider: ProviderId;
  readonly attempt: number;
  readonly startedAtMs: number;
  readonly relay: Relay;
}

/**
 * Writes the usage event that a vanished worker can no longer write: everything in it is estimated.
 *
 * Its id is the worker's own, so that an event which the worker did get out still counts once.
 */
export function publishLostAttempt(events: EventPublisher, lost: LostAttempt): void {
  const { exchange, provider, attempt, startedAtMs, relay } = lost;
  if (exchange.facts.operation !== 'messages') return;
  const id = usageEventId(exchange.requestId, attempt);
  const { facts } = exchange;
  const event: UsageEvent = {
    v: 1,
    id,
    requestId: exchange.requestId,
    attempt,
    provider,
    account: 'unknown',
    requestModel: facts.requestModel,
    upstreamModel: relay.head?.upstreamModel ?? facts.requestModel,
    responseModel: null,
    sessionId: facts.sessionId,
    clientKeyId: exchange.clientKeyId,
    startedAtMs,
    firstByteMs: null,
    durationMs: Date.now() - startedAtMs,
    outcome: 'lost',
    status: relay.head?.status ?? null,
    errorType: 'worker_lost',
    stopReason: null,
    estimated: true,
    usage: {
      ...NO_USAGE,
      inputTokens: facts.inputTokensEstimate,
      outputTokens: Math.ceil(relay.receivedBytes / STREAM_BYTES_PER_TOKEN),
    },
    raw: null,
  };
  events.publish(subjects.usageEvent(provider), id, event);
}
