import { jetstream } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { LIMITS } from '../config/limits.ts';
import { KV_BUCKETS } from '../schemas/subjects.ts';
import type { Bus } from './connect.ts';
import { isKeyConflict } from './key-conflict.ts';
import type { Log } from './log.ts';

/** One of several equal processes holds the lease. Disposing it gives it back, so that another has it at once. */
export interface Lease extends AsyncDisposable {
  /** False as soon as another may have it: `leaseMsMax` after it was last renewed, whatever the server says. */
  readonly isHeld: boolean;
  /** Grows with every renewal and every holder: a later holder's is higher. 0 = never held. */
  readonly revision: number;
  /** Called after every change of `isHeld`. Returns the function that removes the listener. */
  onChange(listener: (isHeld: boolean) => void): () => void;
}

/** Which lease, and who wants it. */
export interface LeaseOptions {
  /** Letters, digits, `_`, `-` and `.`. */
  readonly name: string;
  /** Unique among those that want it. */
  readonly holder: string;
  readonly log: Log;
}

/** Wants the lease for ever, whether JetStream is there or not. Returns at once. */
export function startLease(bus: Bus, options: LeaseOptions): Lease {
  return new LeaseKeeper(bus, options);
}

/** How long one step waits for JetStream. */
const ANSWER_MS_MAX = 1_000;

class LeaseKeeper implements Lease {
  readonly #bus: Bus;
  readonly #options: LeaseOptions;
  readonly #listeners = new Set<(isHeld: boolean) => void>();
  #kv: KV | null = null;
  #revision = 0;
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  #wasHeld = false;
  #isReachable = true;
  #isStopped = false;
  #expiry: NodeJS.Timeout | null = null;
  #next: NodeJS.Timeout | null = null;
  #step: Promise<void> = Promise.resolve();

  constructor(bus: Bus, options: LeaseOptions) {
    this.#bus = bus;
    this.#options = options;
    this.#run();
  }

  get isHeld(): boolean {
    return performance.now() < this.#heldUntilMs;
  }

  get revision(): number {
    return this.#revision;
  }

  onChange(listener: (isHeld: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    if (this.#next !== null) clearTimeout(this.#next);
    await this.#step;
    if (this.isHeld && this.#bus.isConnected) await this.#giveBack();
    this.#hold(Number.NEGATIVE_INFINITY);
  }

  #run(): void {
    this.#step = this.#takeOrRenew()
      .then(() => {
        this.#isReachable = true;
      })
      .catch((error: unknown) => this.#failed(error))
      .then(() => {
        if (this.#isStopped || this.#bus.connection.isClosed()) return;
        const waitMs = this.isHeld ? LIMITS.leaseRenewMs : LIMITS.leaseTryMs;
        this.#next = setTimeout(() => this.#run(), waitMs);
      });
  }

  async #takeOrRenew(): Promise<void> {
    if (!this.#bus.isConnected) return;
    this.#kv ??= await this.#open();
    // The server counts from when the write arrives, which is later than this.
    const askedAtMs = performance.now();
    const revision = this.isHeld ? await this.#renew(this.#kv) : await this.#take(this.#kv);
    if (revision !== null) this.#revision = revision;
    this.#hold(revision === null ? Number.NEGATIVE_INFINITY : askedAtMs + LIMITS.leaseMsMax);
  }

  async #take(kv: KV): Promise<number | null> {
    const { name, holder } = this.#options;
    try {
      return await kv.create(name, holder);
    } catch (error) {
      if (isKeyConflict(error)) return null;
      throw error;
    }
  }

  // A renewal whose answer was lost has counted all the same: then the entry is ours, with a revision we do not know.
  async #renew(kv: KV): Promise<number | null> {
    const { name, holder } = this.#options;
    try {
      return await kv.update(name, holder, this.#revision, ANSWER_MS_MAX);
    } catch (error) {
      if (!isKeyConflict(error)) throw error;
      const entry = await kv.get(name);
      if (entry === null || entry.operation !== 'PUT' || entry.string() !== holder) return null;
      return kv.update(name, holder, entry.revision, ANSWER_MS_MAX);
    }
  }

  #open(): Promise<KV> {
    const client = jetstream(this.#bus.connection, { timeout: ANSWER_MS_MAX });
    return new Kvm(client).create(KV_BUCKETS.lease, { history: 1, ttl: LIMITS.leaseMsMax });
  }

  // Held or not, the time decides: a server that does not answer takes nothing away sooner.
  #failed(error: unknown): void {
    this.#kv = null;
    if (this.#isReachable) {
      this.#options.log.warn({ error, lease: this.#options.name }, 'lease cannot be asked for');
    }
    this.#isReachable = false;
  }

  async #giveBack(): Promise<void> {
    try {
      await this.#kv?.delete(this.#options.name, { previousSeq: this.#revision });
    } catch (error) {
      this.#options.log.warn({ error, lease: this.#options.name }, 'lease runs out by itself');
    }
  }

  #hold(untilMs: number): void {
    this.#heldUntilMs = untilMs;
    if (this.#expiry !== null) clearTimeout(this.#expiry);
    this.#expiry = this.isHeld
      ? setTimeout(() => this.#tell(), untilMs - performance.now() + 1)
      : null;
    this.#tell();
  }

  #tell(): void {
    const isHeld = this.isHeld;
    if (isHeld === this.#wasHeld) return;
    this.#wasHeld = isHeld;
    for (const listener of this.#listeners) listener(isHeld);
  }
}
