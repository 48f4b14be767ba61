import { randomUUID } from 'node:crypto';
import { LIMITS } from '../config/limits.ts';
import type { Bus, BusMessage } from './connect.ts';
import type { Log } from './log.ts';

/** Publishes durable events to stream EV, at least once; the message id makes them count once. */
export interface EventPublisher extends AsyncDisposable {
  /** Events that are not acknowledged yet. */
  readonly pending: number;
  /** Events given up: the outbox was full, or the stream refused them. */
  readonly dropped: number;
  /** Never waits and never throws. `id` becomes `Nats-Msg-Id`. */
  publish(subject: string, id: string, event: unknown): void;
  /** Resolves true when everything published so far was acknowledged, false after `waitMs`. */
  flush(waitMs: number): Promise<boolean>;
}

interface OutboxEntry {
  readonly subject: string;
  readonly id: string;
  readonly data: Uint8Array;
  sentAtMs: number;
  tries: number;
}

const TICK_MS = 500;
const FLUSH_ON_DISPOSE_MS = 5_000;

/** Starts the publisher of this process. Disposing it waits for the acknowledgements that are due. */
export function startEventPublisher(bus: Bus, options: { log: Log }): EventPublisher {
  const inbox = `_INBOX.${randomUUID()}`;
  const outbox = new Map<number, OutboxEntry>();
  const flushed = new Set<() => void>();
  let next = 0;
  let dropped = 0;

  const send = (number: number, entry: OutboxEntry): void => {
    entry.sentAtMs = performance.now();
    entry.tries += 1;
    if (bus.isConnected) {
      bus.publishEvent(entry.subject, entry.data, `${inbox}.${number}`, entry.id);
    }
  };
  const settle = (number: number): void => {
    outbox.delete(number);
    if (outbox.size === 0) for (const resolve of flushed) resolve();
  };
  const giveUp = (number: number, entry: OutboxEntry, reason: string): void => {
    dropped += 1;
    options.log.error({ id: entry.id, subject: entry.subject, reason }, 'event lost');
    settle(number);
  };
  const acknowledgements = bus.subscribe(`${inbox}.*`, (message) => {
    const number = Number(message.subject.slice(inbox.length + 1));
    const entry = outbox.get(number);
    if (entry === undefined || message.isNoResponders) return; // the ticker sends it again
    const refusal = refusalOf(message);
    if (refusal === null) settle(number);
    else if (entry.tries >= LIMITS.eventRetriesMax) giveUp(number, entry, refusal);
  });
  const sendDue = (olderThanMs: number): void => {
    const dueBefore = performance.now() - olderThanMs;
    for (const [number, entry] of outbox) {
      if (entry.sentAtMs <= dueBefore) send(number, entry);
    }
  };
  const ticker = setInterval(() => sendDue(LIMITS.eventAckMsMax), TICK_MS);
  const stopListening = bus.onReconnect(() => sendDue(0));
  const flush = (waitMs: number): Promise<boolean> => {
    if (outbox.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const done = (isFlushed = true): void => {
        clearTimeout(timer);
        flushed.delete(done);
        resolve(isFlushed);
      };
      const timer = setTimeout(done, waitMs, false);
      flushed.add(done);
    });
  };

  return {
    get pending() {
      return outbox.size;
    },
    get dropped() {
      return dropped;
    },
    publish(subject, id, event) {
      const data = Buffer.from(JSON.stringify(event));
      const entry: OutboxEntry = { subject, id, data, sentAtMs: 0, tries: 0 };
      next += 1;
      if (outbox.size >= LIMITS.eventOutboxMax) giveUp(next, entry, 'outbox full');
      else {
        outbox.set(next, entry);
        send(next, entry);
      }
    },
    flush,
    async [Symbol.asyncDispose]() {
      const isFlushed = await flush(FLUSH_ON_DISPOSE_MS);
      if (!isFlushed)
        options.log.error({ pending: outbox.size }, 'events not acknowledged at exit');
      clearInterval(ticker);
      stopListening();
      acknowledgements.unsubscribe();
    },
  };
}

// Null when the stream took the event; else what it said.
function refusalOf(message: BusMessage): string | null {
  const text = Buffer.from(message.data).toString();
  if (!text.includes('"error"')) return null;
  const answer = JSON.parse(text) as { error?: { description?: string } }; // nats-server's own JSON
  return answer.error?.description ?? null;
}
