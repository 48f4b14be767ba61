import type { KV, KvEntry } from '@nats-io/kv';
import { LIMITS } from '../config/limits.ts';
import type { Bus } from './connect.ts';
import type { Log } from './log.ts';

/** Which key of which bucket to watch. */
export interface KeyWatchOptions {
  readonly key: string;
  readonly log: Log;
  /** Opens the bucket, making it when it is missing. Asked again after every failure. */
  open(): Promise<KV>;
  /** The value as it is now; empty = deleted. Told once per revision, never for an older one than before. */
  onValue(value: Uint8Array): void;
}

/** A watch that runs. Disposing it stops it. */
export interface WatchedKey extends AsyncDisposable {
  /** Tells what this process wrote itself, without waiting for the watch to say so. */
  told(value: Uint8Array, revision: number): void;
}

/**
 * Follows a key of a bucket for ever. Starts at once, whether the bucket or JetStream is there or not.
 *
 * A watch of the client library goes silent when its bucket vanishes and comes back: so it is made anew after every
 * reconnect, and every `keyWatchCheckMs` the key is read and compared with what the watch told.
 */
export function watchKey(bus: Bus, options: KeyWatchOptions): WatchedKey {
  const watch = new KeyWatch(bus, options);
  const stopListening = bus.onReconnect(() => watch.renew());
  const timer = setInterval(() => watch.check(), LIMITS.keyWatchCheckMs);
  timer.unref();
  watch.renew();
  return {
    told: (value, revision) => watch.told(value, revision),
    async [Symbol.asyncDispose]() {
      stopListening();
      clearInterval(timer);
      watch.stop();
    },
  };
}

/** One watch of the client library. */
interface Round {
  readonly kv: KV;
  stop(): void;
}

class KeyWatch {
  readonly #bus: Bus;
  readonly #options: KeyWatchOptions;
  #revision = 0;
  #round: Round | null = null;
  #number = 0;
  #wasBehind = false;
  #failures = 0;
  #retry: NodeJS.Timeout | null = null;

  constructor(bus: Bus, options: KeyWatchOptions) {
    this.#bus = bus;
    this.#options = options;
  }

  /** Ends the watch there is and starts another. */
  renew(): void {
    this.stop();
    const number = this.#number;
    this.#follow(number).catch((error: unknown) => {
      if (number !== this.#number || this.#bus.connection.isClosed()) return;
      this.#tryAgain(error);
    });
  }

  stop(): void {
    this.#number += 1;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    this.#round?.stop();
    this.#round = null;
  }

  told(value: Uint8Array, revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    this.#take(value);
  }

  /** Reads the key; what the watch should have told and did not calls for another watch. */
  check(): void {
    const round = this.#round;
    if (round === null || !this.#bus.isConnected) return;
    this.#read(round).catch((error: unknown) => {
      if (this.#round !== round) return;
      const { key, log } = this.#options;
      log.warn({ error, key }, 'a watched key cannot be read');
      this.renew();
    });
  }

  // Logged once until it works again.
  #tryAgain(error: unknown): void {
    const { key, log } = this.#options;
    if (this.#failures === 0) log.warn({ error, key }, 'a key cannot be watched; tried again');
    const waitMs = Math.min(LIMITS.keyWatchRetryMs * 2 ** this.#failures, LIMITS.keyWatchCheckMs);
    this.#failures += 1;
    this.#retry = setTimeout(() => this.renew(), waitMs);
    this.#retry.unref();
  }

  async #follow(number: number): Promise<void> {
    const kv = await this.#options.open();
    if (number !== this.#number) return;
    const entries = await kv.watch({ key: this.#options.key });
    if (number !== this.#number) return entries.stop();
    this.#failures = 0;
    this.#round = { kv, stop: () => entries.stop() };
    for await (const entry of entries) {
      if (number === this.#number) this.#tell(entry);
    }
    if (number === this.#number) throw new Error('the watch ended');
  }

  async #read(round: Round): Promise<void> {
    const entry = await round.kv.get(this.#options.key);
    if (this.#round !== round) return;
    const revision = entry?.revision ?? 0;
    const isBehind = revision !== this.#revision;
    // Revisions start again in a bucket that was made anew.
    if (revision < this.#revision) this.#revision = 0;
    if (entry !== null) this.#tell(entry);
    else if (isBehind) this.#take(NO_BYTES);
    // What was just on its way is no sign of a dead watch; twice in a row is.
    if (isBehind && this.#wasBehind) this.renew();
    this.#wasBehind = isBehind;
  }

  #tell(entry: KvEntry): void {
    this.told(entry.operation === 'PUT' ? entry.value : NO_BYTES, entry.revision);
  }

  #take(value: Uint8Array): void {
    try {
      this.#options.onValue(value);
    } catch (error) {
      const { key, log } = this.#options;
      log.error({ error, key }, 'a watched value was not taken');
    }
  }
}

const NO_BYTES = new Uint8Array(0);
