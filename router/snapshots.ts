import { z } from 'zod';
import type { Lease } from '../bus/lease.ts';
import type { Log } from '../bus/log.ts';
import type { RoutingStore } from '../bus/routing-store.ts';
import { LIMITS } from '../config/limits.ts';
import type { Brain, BrainSnapshot } from './brain.ts';
import { KeptHomes } from './kept-homes.ts';

/** What keeps a router's knowledge, and shares it with the others. */
export interface SnapshotsOptions {
  readonly brain: Brain;
  readonly store: RoutingStore;
  readonly lease: Lease;
  readonly log: Log;
  /** The clock of `brain`. */
  clock(): number;
}

const storedSchema = z.object({
  v: z.literal(1),
  /** Revision of the lease under which it was written. */
  fence: z.number(),
  asOf: z.record(z.string(), z.number()),
  state: z.unknown(),
});

/** Snapshots are made less often when one takes more than this share of a processor. */
const CPU_SHARE_MAX = 0.005;

/**
 * The leading router writes what it knows and how providers do; the others take it over when they start, after a reconnect
 * and when they missed observations. Without JetStream every router goes on with what it has in memory.
 */
export class Snapshots implements AsyncDisposable {
  readonly #options: SnapshotsOptions;
  readonly #homes: KeptHomes;
  readonly #missed = new Map<string, number>();
  #tries = 0;
  /** When to take over the leader's; infinite = no need. */
  #adoptAtMs = Number.NEGATIVE_INFINITY;
  #hasRead = false;
  #isReachable = true;
  /** The snapshot's revision as this leader knows it; null = it does not lead, or has not looked yet. */
  #revision: number | null = null;
  #isFenced = false;
  #changesWritten = 0;
  #nextWriteMs = Number.NEGATIVE_INFINITY;
  #healthWritten = '';
  #healthAtMs = Number.NEGATIVE_INFINITY;
  #healthLookedAtMs = Number.NEGATIVE_INFINITY;
  #healthChanges = -1;
  #isStopped = false;
  #timer: NodeJS.Timeout | null = null;
  #step: Promise<void> = Promise.resolve();

  constructor(options: SnapshotsOptions) {
    this.#options = options;
    this.#homes = new KeptHomes(options);
  }

  /** Takes over what was kept; throws when it cannot be read. */
  async readFirst(): Promise<void> {
    await this.#adopt();
  }

  /** Goes on by itself from here. */
  start(): void {
    this.#timer = setTimeout(() => {
      this.#step = this.#run();
    }, LIMITS.snapshotMs);
  }

  /** Batches of `source` up to `sequence` never came: the leader may have them. */
  missed(source: string, sequence: number): void {
    this.#missed.set(source, sequence);
    this.#adoptSoon();
  }

  /** Whatever was sent while the bus was down is lost. */
  reconnected(): void {
    this.#adoptSoon();
  }

  /** Writes what is not written yet, if it leads. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#step;
    if (!this.#options.lease.isHeld) return;
    this.#nextWriteMs = Number.NEGATIVE_INFINITY;
    try {
      await this.#write();
      if (!this.#isFenced) await this.#homes.write();
    } catch (error) {
      this.#failed(error);
    }
  }

  async #run(): Promise<void> {
    try {
      await (this.#options.lease.isHeld ? this.#lead() : this.#follow());
      this.#isReachable = true;
    } catch (error) {
      this.#failed(error);
    }
    if (!this.#isStopped) this.start();
  }

  #failed(error: unknown): void {
    const { log } = this.#options;
    if (this.#isReachable) log.warn({ error }, 'what the router learns is kept in memory only');
    this.#isReachable = false;
  }

  async #lead(): Promise<void> {
    // What was kept must not be overwritten unread.
    if (!this.#hasRead) await this.#adopt();
    this.#isUpToDate();
    await this.#write();
    if (!this.#isFenced) await this.#homes.writeNowAndThen();
    await this.#report();
  }

  async #follow(): Promise<void> {
    this.#revision = null;
    this.#isFenced = false;
    if (this.#options.clock() >= this.#adoptAtMs) await this.#adopt();
  }

  async #write(): Promise<void> {
    const { brain, store, lease, clock } = this.#options;
    const nowMs = clock();
    const isWritten = this.#revision !== null && this.#changesWritten === brain.changes;
    if (this.#isFenced || isWritten || nowMs < this.#nextWriteMs) return;
    this.#revision ??= (await store.readSnapshot())?.revision ?? 0;
    const changes = brain.changes;
    const startedAtMs = performance.now();
    const json = JSON.stringify({ ...brain.snapshot(clock()), fence: lease.revision });
    const tookMs = performance.now() - startedAtMs;
    this.#nextWriteMs = nowMs + Math.max(LIMITS.snapshotMs / 2, tookMs / CPU_SHARE_MAX);
    if (!lease.isHeld) return;
    const revision = await store.putSnapshot(json, this.#revision);
    if (revision === null) return this.#contested();
    this.#revision = revision;
    this.#changesWritten = changes;
  }

  // Somebody else wrote it. One who led after us must not be overwritten; one before us may.
  async #contested(): Promise<void> {
    const { store, lease, log } = this.#options;
    const stored = await store.readSnapshot();
    const fence = stored === null ? 0 : (this.#parse(stored.json)?.fence ?? 0);
    this.#isFenced = fence > lease.revision;
    this.#revision = stored?.revision ?? 0;
    if (this.#isFenced) log.warn('another router leads: this one writes no more snapshots');
  }

  async #report(): Promise<void> {
    const { brain, store, lease, clock } = this.#options;
    const nowMs = clock();
    const isChanged = brain.changes !== this.#healthChanges;
    // What nobody reports changes too, for time passes: circuits close, windows end.
    const everyMs = isChanged ? LIMITS.healthReportMs : LIMITS.healthLookMs;
    const isDue = nowMs - this.#healthLookedAtMs >= everyMs - LIMITS.snapshotMs / 2;
    if (this.#isFenced || !isDue) return;
    const { changes } = brain;
    const report = brain.health(nowMs);
    const health = JSON.stringify({ ...report, atMs: 0 });
    const isNews = health !== this.#healthWritten;
    if (isNews || nowMs - this.#healthAtMs >= LIMITS.healthSignMs) {
      if (!lease.isHeld) return;
      await store.putHealth(report);
      this.#healthWritten = health;
      this.#healthAtMs = nowMs;
    }
    this.#healthLookedAtMs = nowMs;
    this.#healthChanges = changes;
  }

  async #adopt(): Promise<void> {
    const { brain, store, log, clock } = this.#options;
    const stored = await store.readSnapshot();
    await this.#homes.adopt();
    const snapshot = stored === null ? null : this.#parse(stored.json);
    const isFirst = !this.#hasRead;
    this.#hasRead = true;
    const isRecent = snapshot !== null && this.#hasAll(snapshot);
    if (snapshot !== null && (isFirst || isRecent) && !brain.adopt(snapshot, clock())) {
      log.debug('the snapshot is behind what this router knows');
    }
    if (isRecent || this.#missed.size === 0) return this.#isUpToDate();
    this.#tries += 1;
    if (this.#tries < LIMITS.snapshotTriesMax) return;
    log.debug({ missed: this.#missed.size }, 'missed observations are in no snapshot');
    this.#isUpToDate();
  }

  #hasAll({ asOf }: BrainSnapshot): boolean {
    return [...this.#missed].every(([source, sequence]) => (asOf[source] ?? 0) >= sequence);
  }

  // The leader needs time to write what we want of it.
  #adoptSoon(): void {
    this.#adoptAtMs = this.#options.clock() + 2 * LIMITS.snapshotMs;
    this.#tries = 0;
  }

  #isUpToDate(): void {
    this.#missed.clear();
    this.#adoptAtMs = Number.POSITIVE_INFINITY;
  }

  #parse(json: string): (BrainSnapshot & { readonly fence: number }) | null {
    try {
      return storedSchema.parse(JSON.parse(json));
    } catch (error) {
      this.#options.log.warn({ error }, 'the snapshot cannot be read');
      return null;
    }
  }
}
