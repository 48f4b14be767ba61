import type { JsMsg } from '@nats-io/jetstream';
import type { LoggedEvent } from './event-stream.ts';

const MS_NS = 1_000_000;
/** Events that are told at once. */
const EVENTS_TOLD_MAX = 200;

/** Events of one consumer that were not told yet. */
export class DeliveredEvents {
  /** What the server still has for us, as it last said. */
  pending: number;
  #events: LoggedEvent[] = [];
  #delivered = 0;
  #seen = 0;

  constructor(pending: number) {
    this.pending = pending;
  }

  get length(): number {
    return this.#events.length;
  }

  /** As many as are told at once. */
  get isFull(): boolean {
    return this.#events.length >= EVENTS_TOLD_MAX;
  }

  /** False = one before it got lost on its way. */
  add(message: JsMsg): boolean {
    const { deliverySequence, pending } = message.info;
    if (deliverySequence !== this.#delivered + 1) return false;
    this.#delivered = deliverySequence;
    this.pending = pending;
    this.#events.push(loggedEvent(message));
    return true;
  }

  take(): readonly LoggedEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Some wait, and none has come since the last call. */
  isStale(): boolean {
    const isQuiet = this.#seen === this.#delivered;
    this.#seen = this.#delivered;
    return isQuiet && this.#events.length > 0;
  }
}

function loggedEvent({ info, subject, data }: JsMsg): LoggedEvent {
  return {
    sequence: info.streamSequence,
    subject,
    data,
    storedAtMs: Math.floor(info.timestampNanos / MS_NS),
  };
}
