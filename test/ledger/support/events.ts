/** Events as workers and ingresses write them, for tests of the ledger. */
import { jetstream } from '@nats-io/jetstream';
import type { Bus } from '../../../bus/connect.ts';
import type { Reservation } from '../../../schemas/ledger.ts';
import { subjects } from '../../../schemas/subjects.ts';
import { NO_USAGE, type UsageEvent, usageEventId } from '../../../schemas/usage.ts';

/** An event on its way to stream EV. */
export interface Written {
  readonly subject: string;
  readonly event: unknown;
}

/** 2026-11-22T05:30:00Z. */
export const NOW_MS = Date.UTC(2026, 10, 22, 5, 30);

/** The usage event of an attempt that cost 1,234 picodollars and lasted a second. */
export function usageEvent(requestId: string, changes: Partial<UsageEvent> = {}): UsageEvent {
  const attempt = changes.attempt ?? 0;
  return {
    v: 1,
    id: usageEventId(requestId, attempt),
    requestId,
    attempt,
    provider: 'anthropic',
    account: 'ANTHROPIC_API_KEY',
    requestModel: 'claude-sonnet-5',
    upstreamModel: 'claude-sonnet-5',
    responseModel: 'claude-sonnet-5',
    sessionId: 'session-1',
    clientKeyId: '0123456789abcdef',
    startedAtMs: NOW_MS,
    firstByteMs: 100,
    durationMs: 1_000,
    outcome: 'completed',
    status: 200,
    errorType: null,
    stopReason: 'end_turn',
    estimated: false,
    usage: { ...NO_USAGE, inputTokens: 10, outputTokens: 20 },
    raw: { input_tokens: 10, output_tokens: 20 },
    cost: { picodollars: '1234', priceVersion: '0011223344556677', source: 'overlay' },
    requestClass: 'main',
    messageId: `msg_${requestId}`,
    ...changes,
  };
}

/** The reservation of an attempt. */
export function reservation(requestId: string, changes: Partial<Reservation> = {}): Reservation {
  const attempt = changes.attempt ?? 0;
  return {
    attemptId: `${requestId}.${attempt}`,
    requestId,
    attempt,
    provider: 'anthropic',
    account: 'ANTHROPIC_API_KEY',
    requestModel: 'claude-sonnet-5',
    upstreamModel: 'claude-sonnet-5',
    sessionId: 'session-1',
    clientKeyId: '0123456789abcdef',
    requestClass: 'main',
    startedAtMs: NOW_MS,
    inputTokensEstimate: 100,
    picodollarsMax: '9000',
    picodollarsIfLost: '300',
    priceVersion: '0011223344556677',
    ...changes,
  };
}

/** A usage event on its subject. */
export function used(event: UsageEvent): Written {
  return { subject: subjects.usageEvent(event.provider), event };
}

/** Reservations of one batch on their subject. */
export function reserved(...reservations: readonly Reservation[]): Written {
  return {
    subject: subjects.reservedEvent(),
    event: { v: 1, id: reservations[0]?.attemptId ?? '', reservations },
  };
}

/** Events whose storing is asked for at once: a server puts no more than 10,000 aside. */
const BATCH = 2_000;

/**
 * Writes events into the stream, in order, without message ids: so that nothing but the ledger sees duplicates. Resolves when
 * they are stored.
 */
export async function writeEvents(bus: Bus, written: readonly Written[]): Promise<void> {
  const client = jetstream(bus.connection, { timeout: 20_000 });
  for (let from = 0; from < written.length; from += BATCH) {
    const batch = written.slice(from, from + BATCH);
    for (const [index, { subject, event }] of batch.entries()) {
      const json = JSON.stringify(event);
      // The stream takes them in order: once it has the last, it has them all.
      if (index < batch.length - 1) bus.connection.publish(subject, json);
      else await client.publish(subject, json);
    }
  }
}
