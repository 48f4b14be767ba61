import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { LIMITS } from '../../config/limits.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import { isKeyOf, type Target, targetKey } from '../../schemas/target.ts';
import {
  addSample,
  type DecayedMean,
  decay,
  decayedMeanSchema,
  emptyMean,
  meanFromJson,
  meanToJson,
} from './decayed-mean.ts';
import { oldestFirst, readEntries } from './snapshot-entries.ts';

const HALF_LIFE_MS = 120_000;
const PRIOR = 0.98;
/** The samples that the prior is worth. */
const PRIOR_SAMPLES = 5;

const entrySchema = z.tuple([z.string(), decayedMeanSchema]).refine(([, [mean]]) => {
  return mean >= 0 && mean <= 1;
});

/**
 * How likely a target answers: the share of successes, in which a sample loses half of its weight in 2 minutes, with a
 * prior of 0.98 worth 5 samples. Attempts that say nothing about the provider must not be recorded.
 */
export class Successes {
  readonly #targets = new LRUCache<string, DecayedMean>({ max: LIMITS.routedTargetsMax });
  #revision = 0;

  /** Grows when what `find` gave may no longer be it. */
  get revision(): number {
    return this.#revision;
  }

  record(target: Target, isSuccess: boolean, nowMs: number): void {
    const key = targetKey(target);
    const known = this.#targets.get(key);
    const share = known ?? emptyMean();
    addSample(share, isSuccess ? 1 : 0, { halfLifeMs: HALF_LIFE_MS, nowMs });
    if (known !== undefined) return;
    this.#targets.set(key, share);
    this.#revision += 1;
  }

  /** The share of a target's successes; it holds until `revision` grows. Null = none was recorded. */
  find(target: Target): DecayedMean | null {
    return this.#targets.peek(targetKey(target)) ?? null;
  }

  /** 0 to 1. `share`: the target's, where it has been looked up. */
  probability(target: Target, nowMs: number, share = this.find(target)): number {
    if (share === null) return PRIOR;
    const samples = share.weight * decay(nowMs - share.atMs, HALF_LIFE_MS);
    return (share.mean * samples + PRIOR * PRIOR_SAMPLES) / (samples + PRIOR_SAMPLES);
  }

  /** Forgets a provider's attempts. `account` null = those of all its accounts. */
  reset(provider: ProviderId, account: string | null): void {
    this.#revision += 1;
    for (const key of [...this.#targets.keys()]) {
      if (isKeyOf(key, provider, account)) this.#targets.delete(key);
    }
  }

  /** JSON, ages relative to `nowMs`. */
  snapshot(nowMs: number): unknown {
    return oldestFirst(this.#targets).map(([key, share]) => [key, meanToJson(share, nowMs)]);
  }

  /** Replaces what was learned; entries that are nonsense are left out. */
  restore(json: unknown, nowMs: number): void {
    this.#targets.clear();
    this.#revision += 1;
    for (const [key, share] of readEntries(json, entrySchema)) {
      this.#targets.set(key, meanFromJson(share, nowMs));
    }
  }
}
