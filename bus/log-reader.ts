import { setTimeout as wait } from 'node:timers/promises';
import {
  AckPolicy,
  type Consumer,
  type ConsumerMessages,
  DeliverPolicy,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream';
import { LIMITS } from '../config/limits.ts';
import { STREAMS } from '../schemas/subjects.ts';
import type { Bus } from './connect.ts';
import { DeliveredEvents } from './delivered-events.ts';
import {
  ANSWER_MS_MAX,
  type EventReader,
  type EventReaderOptions,
  type LoggedEvent,
  rangeOf,
} from './event-stream.ts';
import { createTicker } from './ticker.ts';

/** How long one question for more events holds. */
const PULL_MS = 5_000;
/** Two of them missed: the consumer is made anew. */
const HEARTBEAT_MS = 1_000;
/** The server forgets a consumer that nobody asks for this long. */
const UNUSED_NS = 60_000_000_000;
/** Events that nobody follows are told after this long. */
const STALE_MS = 100;

/** A consumer of the server, and what it gave out. */
interface Opened {
  readonly consumer: Consumer;
  readonly batch: DeliveredEvents;
}

/** Follows stream EV through one consumer after the other. See `EventLog.read`. */
export class LogReader implements EventReader {
  readonly #bus: Bus;
  readonly #options: EventReaderOptions;
  readonly #stopListening: () => void;
  readonly #ended: Promise<void>;
  #sequence: number;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #created: string | null = null;
  #pull: ConsumerMessages | null = null;
  #round = 0;
  #isStopped = false;
  #wake: (() => void) | null = null;

  constructor(bus: Bus, options: EventReaderOptions) {
    this.#bus = bus;
    this.#options = options;
    this.#sequence = options.after;
    // What a consumer sent into a connection that broke it does not send again.
    this.#stopListening = bus.onReconnect(() => this.#interrupt());
    this.#ended = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    this.#stopListening();
    this.#interrupt();
    await this.#ended;
  }

  #interrupt(): void {
    this.#round += 1;
    this.#pull?.stop();
    this.#wake?.();
  }

  async #run(): Promise<void> {
    const { log } = this.#options;
    let wasReachable = true;
    while (!this.#isStopped && !this.#bus.connection.isClosed()) {
      try {
        const round = this.#round;
        const opened = await this.#open();
        if (opened === null) return;
        wasReachable = true;
        await this.#follow(opened, round);
      } catch (error) {
        if (error instanceof ListenerError) {
          log.error({ error: error.cause }, 'the event log is read no further');
          return;
        }
        if (wasReachable) log.warn({ error }, 'the event log cannot be read; tried again');
        wasReachable = false;
        await this.#pause();
      }
    }
  }

  // Null = the log is not the one that was read so far.
  async #open(): Promise<Opened | null> {
    if (!this.#bus.isConnected) throw new Error('not connected to nats-server');
    const { created, lastSequence } = await rangeOf(this.#bus);
    this.#created ??= created;
    if (created !== this.#created || lastSequence < this.#sequence) {
      if (!this.#isStopped) this.#options.onReplaced();
      return null;
    }
    const manager = await jetstreamManager(this.#bus.connection, { timeout: ANSWER_MS_MAX });
    const { name, num_pending: pending } = await manager.consumers.add(STREAMS.events, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.#sequence + 1,
      inactive_threshold: UNUSED_NS,
      mem_storage: true,
      num_replicas: 1,
    });
    if (pending === 0) await this.#tell([], true);
    const client = jetstream(this.#bus.connection, { timeout: ANSWER_MS_MAX });
    return {
      consumer: await client.consumers.get(STREAMS.events, name),
      batch: new DeliveredEvents(pending),
    };
  }

  // Ends when a delivery is missing, or after an interruption; throws when the consumer is gone.
  async #follow(opened: Opened, round: number): Promise<void> {
    const { consumer, batch } = opened;
    while (round === this.#round) {
      const pull = await consumer.fetch({
        max_messages: LIMITS.eventLogBatchMax,
        expires: PULL_MS,
        idle_heartbeat: HEARTBEAT_MS,
      });
      this.#pull = pull;
      if (round !== this.#round) {
        pull.stop();
        return;
      }
      // More was said to be on its way, and stays out.
      using watch = createTicker(STALE_MS, () => {
        if (batch.isStale()) pull.stop();
        return batch.length > 0;
      });
      for await (const message of pull) {
        if (round !== this.#round || !batch.add(message)) return;
        if (!batch.isFull) await this.#gather(batch, pull);
        if (round !== this.#round) return; // stopped meanwhile: these are read again, or by nobody
        const isLast = batch.pending === 0 && pull.getPending() === 0;
        if (batch.isFull || isLast) await this.#tell(batch.take(), isLast);
        else watch.start();
      }
      if (batch.length > 0) await this.#tell(batch.take(), false);
      else if (pull.getReceived() === 0 && batch.pending > 0) this.#silent();
    }
  }

  // Many events at once cost a quarter of what each alone does: those that come soon are told together.
  async #gather(batch: DeliveredEvents, pull: ConsumerMessages): Promise<void> {
    if (batch.pending > 0 || pull.getPending() > 0) return;
    const waitMs = this.#toldAtMs + LIMITS.eventLogGatherMs - performance.now();
    if (waitMs > 0) await wait(waitMs);
  }

  #silent(): void {
    const { log, onSilence } = this.#options;
    log.error({ after: this.#sequence }, 'the server does not give out the next event of the log');
    onSilence?.();
  }

  async #tell(events: readonly LoggedEvent[], areLast: boolean): Promise<void> {
    try {
      await this.#options.onEvents(events, areLast);
    } catch (error) {
      throw new ListenerError('the listener failed', { cause: error });
    }
    this.#sequence = events.at(-1)?.sequence ?? this.#sequence;
    this.#toldAtMs = performance.now();
  }

  #pause(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LIMITS.eventLogRetryMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

class ListenerError extends Error {}
