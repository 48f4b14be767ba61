import { setTimeout as wait } from 'node:timers/promises';
import { AckPolicy, DeliverPolicy, jetstreamManager } from '@nats-io/jetstream';
import { LIMITS } from '../config/limits.ts';
import { STREAMS } from '../schemas/subjects.ts';
import type { Bus } from './connect.ts';
import {
  ANSWER_MS_MAX,
  type EventReader,
  type EventReaderOptions,
  type LoggedEvent,
  rangeOf,
} from './event-stream.ts';
import { LogPull } from './log-pull.ts';

/** The server forgets a consumer that nobody asks for this long. */
const UNUSED_NS = 60_000_000_000;

/** Follows stream EV through one consumer after the other. See `EventLog.read`. */
export class LogReader implements EventReader {
  readonly #bus: Bus;
  readonly #options: EventReaderOptions;
  readonly #stopListening: () => void;
  readonly #ended: Promise<void>;
  #sequence: number;
  #created: string | null = null;
  #pull: LogPull | null = null;
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
    this.#pull?.[Symbol.dispose]();
    this.#wake?.();
  }

  async #run(): Promise<void> {
    const { log } = this.#options;
    let wasReachable = true;
    while (!this.#isStopped && !this.#bus.connection.isClosed()) {
      try {
        const round = this.#round;
        using pull = await this.#open();
        if (pull === null) return;
        wasReachable = true;
        this.#pull = pull;
        await this.#follow(pull, round);
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
  async #open(): Promise<LogPull | null> {
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
    return new LogPull(this.#bus, { consumer: name, pending });
  }

  // Ends when a delivery is missing, or after an interruption; throws when the consumer is gone.
  async #follow(pull: LogPull, round: number): Promise<void> {
    while (round === this.#round) {
      const pulled = await pull.next();
      // Interrupted meanwhile: these are read again, or by nobody.
      if (pulled === null || round !== this.#round) return;
      const { events, isCutOff } = pulled;
      if (events.length > 0) await this.#tell(events, pull.pending === 0);
      else if (pull.pending > 0) this.#silent();
      if (isCutOff) return;
      // Many events at once cost a quarter of what each alone does: those that come soon are read together.
      if (pull.pending === 0) await wait(LIMITS.eventLogGatherMs);
    }
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
