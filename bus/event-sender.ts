import { randomUUID } from 'node:crypto';
import { LIMITS } from '../config/limits.ts';
import { PassingMap } from '../config/passing-map.ts';
import type { Bus, BusMessage } from './connect.ts';
import type { EventRecord } from './spool-records.ts';
import { createTicker, type Ticker } from './ticker.ts';

/**
 * What became of an event: the stream has it; nobody said so in time; there is no stream; or the stream will not have it,
 * now (`busy`) or ever (`refused`).
 */
export type Fate =
  | { readonly kind: 'stored' | 'unanswered' | 'absent' }
  | { readonly kind: 'busy' | 'refused'; readonly reason: string };

interface Sent {
  readonly sentAtMs: number;
  readonly onFate: (fate: Fate) => void;
}

const TICK_MS = 250;
const STORED: Fate = { kind: 'stored' };
const UNANSWERED: Fate = { kind: 'unanswered' };
const ABSENT: Fate = { kind: 'absent' };

/** Sends events to stream EV, each once, and tells what became of each. Disposing it tells of all that are unanswered. */
export class EventSender implements Disposable {
  readonly #bus: Bus;
  readonly #inbox = `_INBOX.${randomUUID()}.`;
  /** By the number that ends the reply subject. */
  readonly #sent = new PassingMap<number, Sent>();
  readonly #subscription: { unsubscribe(): void };
  readonly #ticker: Ticker;
  readonly #stopListening: () => void;
  #next = 0;
  #isStopped = false;

  constructor(bus: Bus) {
    this.#bus = bus;
    this.#subscription = bus.subscribe(`${this.#inbox}*`, (message) => this.#answered(message));
    this.#ticker = createTicker(TICK_MS, () => {
      const isLost = !bus.isConnected;
      this.#giveUp(isLost ? Number.POSITIVE_INFINITY : performance.now() - LIMITS.eventAckMsMax);
      return this.#sent.size > 0;
    });
    // Until then they lie in memory alone.
    this.#stopListening = bus.onDisconnect(() => this.#giveUp(Number.POSITIVE_INFINITY));
  }

  /** Events whose fate is open. */
  get pending(): number {
    return this.#sent.size;
  }

  /** Tells the event's fate within `eventAckMsMax` and a moment; at once when it cannot be sent at all. Never throws. */
  send({ subject, id, data }: EventRecord, onFate: (fate: Fate) => void): void {
    if (this.#isStopped) {
      onFate(UNANSWERED);
      return;
    }
    const number = this.#next++;
    this.#sent.set(number, { sentAtMs: performance.now(), onFate });
    this.#ticker.start();
    try {
      this.#bus.publishEvent(subject, data, `${this.#inbox}${number}`, id);
    } catch (error) {
      // Over the server's `max_payload`.
      this.#settle(number, { kind: 'refused', reason: String(error) });
    }
  }

  [Symbol.dispose](): void {
    this.#isStopped = true;
    this.#ticker[Symbol.dispose]();
    this.#stopListening();
    this.#subscription.unsubscribe();
    this.#giveUp(Number.POSITIVE_INFINITY);
  }

  #answered(message: BusMessage): void {
    const number = Number(message.subject.slice(this.#inbox.length));
    this.#settle(number, message.isNoResponders ? ABSENT : fateOf(message.data));
  }

  // The oldest come first.
  #giveUp(sentBeforeMs: number): void {
    for (const [number, { sentAtMs }] of this.#sent.entries()) {
      if (sentAtMs > sentBeforeMs) return;
      this.#settle(number, UNANSWERED);
    }
  }

  #settle(number: number, fate: Fate): void {
    const sent = this.#sent.get(number);
    if (sent === undefined) return; // too late
    this.#sent.delete(number);
    sent.onFate(fate);
  }
}

const REFUSED_MIN = 400;
const BUSY_MIN = 500;

function fateOf(data: Uint8Array): Fate {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1');
  if (!text.includes('"error"')) return STORED;
  const { error } = JSON.parse(text) as PublishAnswer; // nats-server's own JSON
  const { code = BUSY_MIN, description = 'no reason given' } = error ?? {};
  const isFinal = code >= REFUSED_MIN && code < BUSY_MIN;
  return { kind: isFinal ? 'refused' : 'busy', reason: description };
}

interface PublishAnswer {
  readonly error?: { readonly code?: number; readonly description?: string };
}
