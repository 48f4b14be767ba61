import { randomUUID } from 'node:crypto';
import type { Msg, MsgHdrs, Subscription } from '@nats-io/nats-core';
import { LIMITS } from '../config/limits.ts';
import { STREAMS } from '../schemas/subjects.ts';
import type { Bus } from './connect.ts';
import { loggedEvent, readDelivery } from './delivery.ts';
import type { LoggedEvent } from './event-stream.ts';
import { createTicker } from './ticker.ts';

/** How long one question for events holds, while there are none. */
const PULL_MS = 5_000;
/** While there are none the server says that it lives; two of them missed: it does not. */
const HEARTBEAT_MS = 1_000;
const SILENCE_MS_MAX = 2 * HEARTBEAT_MS;
/** Events of an answer that does not end are given out after this long. */
const STALE_MS = 100;
const MS_NS = 1_000_000;
/**
 * What the server says instead of events. That was all, or there was nothing: 2.9 and 2.12 call it a TIMEOUT, 2.15
 * NO_MESSAGES. Source: nats-server, consumer.go.
 */
const STATUS = { HEARTBEAT: 100, NO_MESSAGES: 404, TIMEOUT: 408 } as const;

/** The answer to one question. */
export interface PulledEvents {
  /** In order. None = there were none for five seconds. */
  readonly events: readonly LoggedEvent[];
  /** More was announced for this answer, and stays out: the consumer is of no further use. */
  readonly isCutOff: boolean;
}

interface Question {
  readonly subject: string;
  readonly answer: PromiseWithResolvers<PulledEvents | null>;
  readonly events: LoggedEvent[];
}

/**
 * Asks one pull consumer of stream EV for events, one question after the other: those there are, else the first that comes.
 *
 * Between two questions the server delivers nothing, so that many events cost it hardly more than one. The client library
 * has no such question: its own keep the server delivering one by one.
 */
export class LogPull implements Disposable {
  readonly #bus: Bus;
  readonly #consumer: string;
  readonly #inbox = `_INBOX.${randomUUID()}`;
  readonly #subscription: Subscription;
  readonly #watch = createTicker(STALE_MS, () => this.#watchEvents());
  #question: Question | null = null;
  #questions = 0;
  #delivered = 0;
  #pending: number;
  #heardAtMs = 0;
  #isOver = false;

  /** `pending`: what the consumer has to deliver, as the server said when it was made. */
  constructor(bus: Bus, { consumer, pending }: { consumer: string; pending: number }) {
    this.#bus = bus;
    this.#consumer = consumer;
    this.#pending = pending;
    this.#subscription = bus.connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#take(message);
        else this.#fail(error);
      },
    });
  }

  /** What the server still has to deliver, as it last said. */
  get pending(): number {
    return this.#pending;
  }

  /** Null = a delivery got lost on its way, or this was disposed. Throws when the consumer is gone or the server silent. */
  next(): Promise<PulledEvents | null> {
    const { promise, ...answer } = Promise.withResolvers<PulledEvents | null>();
    if (this.#isOver) return Promise.resolve(null);
    this.#questions += 1;
    const subject = `${this.#inbox}.${this.#questions}`;
    this.#question = { subject, answer: { promise, ...answer }, events: [] };
    this.#heardAtMs = performance.now();
    const question = {
      batch: LIMITS.eventLogBatchMax,
      no_wait: true,
      expires: PULL_MS * MS_NS,
      idle_heartbeat: HEARTBEAT_MS * MS_NS,
    };
    this.#bus.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${STREAMS.events}.${this.#consumer}`,
      Buffer.from(JSON.stringify(question)),
      subject,
    );
    const timer = setInterval(() => this.#watchSilence(), SILENCE_MS_MAX);
    return promise.finally(() => clearInterval(timer));
  }

  [Symbol.dispose](): void {
    this.#end(null);
    this.#isOver = true;
    if (!this.#bus.connection.isClosed()) this.#subscription.unsubscribe();
  }

  #take(message: Msg): void {
    this.#heardAtMs = performance.now();
    const delivery = readDelivery(message.reply ?? '');
    if (delivery === null) {
      this.#takeStatus(message.subject, message.headers);
      return;
    }
    const question = this.#question;
    // Unasked for, or one before it got lost: whoever goes on asks another consumer.
    if (question === null || delivery.deliverySequence !== this.#delivered + 1) {
      this.#end(null);
      this.#isOver = true;
      return;
    }
    this.#delivered = delivery.deliverySequence;
    this.#pending = delivery.pending;
    question.events.push(loggedEvent(delivery, message));
    this.#watch.start();
    if (question.events.length >= LIMITS.eventLogBatchMax) this.#answer(false);
  }

  #takeStatus(subject: string, headers: MsgHdrs | undefined): void {
    const code = headers?.code ?? 0;
    if (code === STATUS.HEARTBEAT || subject !== this.#question?.subject) return;
    if (code === STATUS.TIMEOUT || code === STATUS.NO_MESSAGES) this.#answer(false);
    else this.#fail(new Error(`the server answers ${code} ${headers?.description ?? ''}`));
  }

  #watchEvents(): boolean {
    const isWaiting = this.#question !== null && this.#question.events.length > 0;
    if (isWaiting && performance.now() - this.#heardAtMs >= STALE_MS) this.#answer(true);
    return isWaiting;
  }

  #watchSilence(): void {
    if (performance.now() - this.#heardAtMs < SILENCE_MS_MAX) return;
    this.#fail(new Error('the server is silent about the event log'));
  }

  #answer(isCutOff: boolean): void {
    this.#end({ events: this.#question?.events ?? [], isCutOff });
  }

  #end(answer: PulledEvents | null): void {
    this.#question?.answer.resolve(answer);
    this.#question = null;
    this.#watch[Symbol.dispose]();
  }

  #fail(error: Error): void {
    this.#question?.answer.reject(error);
    this.#question = null;
    this.#watch[Symbol.dispose]();
    this.#isOver = true;
  }
}
