import { LRUCache } from 'lru-cache';
import { LIMITS } from '../config/limits.ts';
import type { ObservationBatch } from '../schemas/observation.ts';

/** How far the batches of each process are known: its last sequence number. */
export type Positions = Readonly<Record<string, number>>;

interface Place {
  /** The last batch that was taken. */
  taken: number;
  /** The last of those that are no longer remembered. */
  forgotten: number;
}

/**
 * Which batches of observations a router has taken, and the latest of them, so that a snapshot that lacks some can be
 * brought up to date. Pure; `nowMs` is any monotonic clock.
 */
export class ObservationLog {
  readonly #places = new LRUCache<string, Place>({ max: LIMITS.observationSourcesMax });
  #recent: { readonly atMs: number; readonly batch: ObservationBatch }[] = [];

  /** `old` = taken before, nothing to learn; `gap` = it is new, but others before it never came. */
  take(batch: ObservationBatch, nowMs: number): 'new' | 'gap' | 'old' {
    const { source, sequence } = batch;
    const place = this.#place(source);
    if (sequence <= place.taken) return 'old';
    const isNext = sequence === place.taken + 1;
    place.taken = sequence;
    this.#recent.push({ atMs: nowMs, batch });
    this.#forget(nowMs);
    return isNext ? 'new' : 'gap';
  }

  /** The positions now. */
  positions(): Positions {
    return Object.fromEntries(
      [...this.#places.entries()].map(([source, { taken }]) => [source, taken]),
    );
  }

  /** What was taken after these positions, oldest first; null = some of it is no longer remembered. */
  since(positions: Positions): readonly ObservationBatch[] | null {
    const known = (source: string): number => positions[source] ?? 0;
    for (const [source, { forgotten }] of this.#places.entries()) {
      if (forgotten > known(source)) return null;
    }
    return this.#recent
      .map(({ batch }) => batch)
      .filter(({ source, sequence }) => sequence > known(source));
  }

  /** Counts what a snapshot knows as taken. */
  skipTo(positions: Positions): void {
    for (const [source, sequence] of Object.entries(positions)) {
      const place = this.#place(source);
      place.taken = Math.max(place.taken, sequence);
    }
  }

  #place(source: string): Place {
    const known = this.#places.get(source);
    if (known !== undefined) return known;
    const place: Place = { taken: 0, forgotten: 0 };
    this.#places.set(source, place);
    return place;
  }

  #forget(nowMs: number): void {
    const tooMany = this.#recent.length - LIMITS.observationLogBatchesMax;
    const kept = this.#recent.findIndex(
      ({ atMs }, index) => index >= tooMany && nowMs - atMs <= LIMITS.observationLogMsMax,
    );
    if (kept <= 0) return;
    for (const { batch } of this.#recent.splice(0, kept)) {
      const place = this.#places.peek(batch.source);
      if (place !== undefined) place.forgotten = batch.sequence;
    }
  }
}
