import type { KV } from '@nats-io/kv';
import type { Bus } from './connect.ts';
import { isKeyConflict } from './key-conflict.ts';

/** A key-value bucket that is opened, or made, when it is first needed and again after a failure. */
export class LastingBucket {
  readonly #bus: Bus;
  readonly #open: (bus: Bus) => Promise<KV>;
  #opened: Promise<KV> | null = null;

  constructor(bus: Bus, open: (bus: Bus) => Promise<KV>) {
    this.#bus = bus;
    this.#open = open;
  }

  /** Works with the bucket. Rejects at once while disconnected, else with what the work rejects with. */
  async use<Result>(work: (kv: KV) => Promise<Result>): Promise<Result> {
    if (!this.#bus.isConnected) throw new Error('not connected to nats-server');
    this.#opened ??= this.#open(this.#bus);
    const opened = this.#opened;
    try {
      return await work(await opened);
    } catch (error) {
      if (!isKeyConflict(error) && this.#opened === opened) this.#opened = null;
      throw error;
    }
  }
}
