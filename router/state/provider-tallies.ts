import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { LIMITS } from '../../config/limits.ts';
import { type ProviderId, providerIdSchema } from '../../schemas/provider.ts';
import { readEntries } from './snapshot-entries.ts';

/** What has been counted of a provider. Times are milliseconds of the caller's clock; null = never. */
export interface Tally {
  successCount: number;
  errorCount: number;
  rateLimitCount: number;
  lastSuccessMs: number | null;
  lastErrorMs: number | null;
  lastError: string | null;
}

const count = z.number().int().min(0);
const age = z.number().min(0).nullable();
const entrySchema = z.tuple([
  providerIdSchema,
  z.object({
    successCount: count,
    errorCount: count,
    rateLimitCount: count,
    lastSuccessMs: age,
    lastErrorMs: age,
    lastError: z.string().nullable(),
  }),
]);

/** Counts what became of attempts, per provider, for people: routing does not look at it. */
export class ProviderTallies {
  readonly #tallies = new LRUCache<ProviderId, Tally>({ max: LIMITS.routedTargetsMax });

  succeeded(provider: ProviderId, nowMs: number): void {
    const tally = this.#of(provider);
    tally.successCount += 1;
    tally.lastSuccessMs = nowMs;
  }

  /** `why`: a closed set of words. */
  failed(provider: ProviderId, why: string, nowMs: number): void {
    const tally = this.#of(provider);
    tally.errorCount += 1;
    tally.lastErrorMs = nowMs;
    tally.lastError = why;
  }

  rateLimited(provider: ProviderId): void {
    this.#of(provider).rateLimitCount += 1;
  }

  tally(provider: ProviderId): Readonly<Tally> {
    return this.#tallies.peek(provider) ?? newTally();
  }

  /** JSON, ages instead of times. */
  snapshot(nowMs: number): unknown {
    const oldestFirst = [...this.#tallies.entries()].toReversed();
    return oldestFirst.map(([provider, tally]) => [
      provider,
      {
        ...tally,
        lastSuccessMs: ageOf(tally.lastSuccessMs, nowMs),
        lastErrorMs: ageOf(tally.lastErrorMs, nowMs),
      },
    ]);
  }

  /** Replaces what was counted; entries that are nonsense are left out. */
  restore(json: unknown, nowMs: number): void {
    this.#tallies.clear();
    for (const [provider, tally] of readEntries(json, entrySchema)) {
      const lastSuccessMs = tally.lastSuccessMs === null ? null : nowMs - tally.lastSuccessMs;
      const lastErrorMs = tally.lastErrorMs === null ? null : nowMs - tally.lastErrorMs;
      this.#tallies.set(provider, { ...tally, lastSuccessMs, lastErrorMs });
    }
  }

  #of(provider: ProviderId): Tally {
    const tally = this.#tallies.get(provider) ?? newTally();
    this.#tallies.set(provider, tally);
    return tally;
  }
}

function newTally(): Tally {
  return {
    successCount: 0,
    errorCount: 0,
    rateLimitCount: 0,
    lastSuccessMs: null,
    lastErrorMs: null,
    lastError: null,
  };
}

function ageOf(atMs: number | null, nowMs: number): number | null {
  return atMs === null ? null : Math.max(0, nowMs - atMs);
}
