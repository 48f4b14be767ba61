import { LIMITS } from '../config/limits.ts';
import type { Bus } from './connect.ts';
import type { EventSender, Fate } from './event-sender.ts';
import type { EventSpool, SpoolPart } from './event-spool.ts';
import type { Log } from './log.ts';
import type { EventRecord } from './spool-records.ts';
import { ensureStreams } from './streams.ts';

/** What a replay works with. */
export interface ReplayOptions {
  readonly bus: Bus;
  readonly spool: EventSpool;
  readonly sender: EventSender;
  readonly log: Log;
  /** JetStream takes events, or there are none to find it out with. */
  onBack(): void;
  onLost(record: EventRecord, reason: string): void;
  /** Milliseconds between two tries. */
  readonly replayMs: number;
}

/**
 * Sends what a spool keeps, with the ids it had, and removes it once the stream has it. Tries again until it is empty, and
 * makes the stream anew where a server lost its data.
 */
export class EventReplay implements AsyncDisposable {
  readonly #options: ReplayOptions;
  readonly #stopListening: () => void;
  readonly #stopped = Promise.withResolvers<void>();
  #isStopped = false;
  #running: Promise<void> | null = null;
  #wake: () => void = () => {};
  /** Events of the part under way that are done with. */
  readonly #done = new Set<EventRecord['id']>();
  readonly #refusals = new Map<EventRecord['id'], number>();

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#stopListening = options.bus.onReconnect(() => this.#wake());
  }

  /** The spool holds something. */
  start(): void {
    if (this.#isStopped) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      if (!this.#options.spool.isEmpty) this.start();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    this.#stopListening();
    this.#stopped.resolve();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { bus, spool, log, onBack } = this.#options;
    while (!this.#isStopped) {
      const part = bus.isConnected ? await spool.oldest() : undefined;
      if (part === null) {
        onBack();
        return;
      }
      if (part !== undefined && (await this.#send(part))) {
        this.#done.clear();
        this.#refusals.clear();
        await part.remove().catch((error: unknown) => log.error({ error }, 'spool file stays'));
        continue;
      }
      part?.putBack();
      await this.#pause();
    }
  }

  // False = not all of them.
  async #send({ records }: SpoolPart): Promise<boolean> {
    const left = records.filter(({ id }) => !this.#done.has(id));
    for (let at = 0; at < left.length; at += LIMITS.eventReplayMax) {
      const some = left.slice(at, at + LIMITS.eventReplayMax);
      const fates = await Promise.all(some.map((record) => this.#sendOne(record)));
      if (this.#isStopped) return false;
      if (fates.some(({ kind }) => kind === 'absent')) await this.#makeStream();
      if (some.some(({ id }) => !this.#done.has(id))) return false;
    }
    return true;
  }

  #sendOne(record: EventRecord): Promise<Fate> {
    const { sender, onBack, onLost } = this.#options;
    const { id } = record;
    return new Promise((resolve) => {
      sender.send(record, (fate) => {
        if (fate.kind === 'stored') {
          this.#done.add(id);
          onBack();
        } else if (fate.kind === 'refused') {
          const refusals = (this.#refusals.get(id) ?? 0) + 1;
          this.#refusals.set(id, refusals);
          if (refusals >= LIMITS.eventRetriesMax) {
            this.#done.add(id);
            onLost(record, fate.reason);
          }
        }
        resolve(fate);
      });
    });
  }

  async #makeStream(): Promise<void> {
    const { bus, log } = this.#options;
    const made = ensureStreams(bus).catch((error: unknown) =>
      log.warn({ error }, 'stream EV cannot be made'),
    );
    await Promise.race([made, this.#stopped.promise]);
  }

  #pause(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#options.replayMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
