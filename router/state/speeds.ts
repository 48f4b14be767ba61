import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { LIMITS } from '../../config/limits.ts';
import { type ProviderId, providerIdSchema } from '../../schemas/provider.ts';
import { type Target, targetKey } from '../../schemas/target.ts';
import type { Speed } from '../knowledge.ts';
import {
  addSample,
  type DecayedMean,
  decay,
  decayedMeanSchema,
  emptyMean,
  meanFromJson,
  meanToJson,
} from './decayed-mean.ts';
import { fieldOf, oldestFirst, readEntries } from './snapshot-entries.ts';
import { believed, SpeedPriors, type SpeedRecord } from './speed-priors.ts';

/** How long a successful attempt took. Milliseconds from its start. */
export interface AttemptTimes {
  readonly firstContentMs: number | null;
  readonly durationMs: number;
  readonly outputTokens: number;
  readonly isStream: boolean;
}

interface ProviderMeans {
  readonly firstContentMs: DecayedMean;
  readonly responseMs: DecayedMean;
}

const SAMPLE_HALF_LIFE_MS = 300_000;
/** Shorter answers say nothing about tokens per second. */
const TOKENS_MIN = 20;
/** A buffered answer comes at once: no more than 10,000 tokens per second. */
const MS_PER_TOKEN_MIN = 0.1;
/** Priors are made anew when a target is new, else this often: they serve all candidates of many decisions. */
const PRIORS_FRESH_MS = 1_000;

const targetSchema = z.object({
  provider: providerIdSchema,
  key: z.string(),
  firstContentMs: decayedMeanSchema,
  msPerToken: decayedMeanSchema,
});
const providerSchema = z.object({
  provider: providerIdSchema,
  firstContentMs: decayedMeanSchema,
  responseMs: decayedMeanSchema,
});

/**
 * How fast targets have been lately: means in which samples lose half of their weight in 5 minutes, and which without
 * samples go to the prior by half in 10. The prior is the median of the provider's other models, else of all others, as
 * it was up to a second ago.
 *
 * The first content counts in streams only; tokens per second from the first content to the end.
 */
export class Speeds {
  readonly #targets = new LRUCache<string, SpeedRecord>({ max: LIMITS.routedTargetsMax });
  readonly #providers = new LRUCache<ProviderId, ProviderMeans>({ max: LIMITS.routedTargetsMax });
  #priors: { readonly atMs: number; readonly made: SpeedPriors } | null = null;
  #revision = 0;

  /** Grows when what `find` gave may no longer be it. */
  get revision(): number {
    return this.#revision;
  }

  /** Learns from an answer. */
  record(target: Target, times: AttemptTimes, nowMs: number): void {
    const how = { halfLifeMs: SAMPLE_HALF_LIFE_MS, nowMs };
    const { durationMs, outputTokens } = times;
    const means = this.#meansOf(target.provider);
    addSample(means.responseMs, durationMs, how);
    const firstContentMs = times.isStream ? times.firstContentMs : null;
    if (firstContentMs === null) return;
    const record = this.#recordOf(target);
    addSample(means.firstContentMs, firstContentMs, how);
    addSample(record.firstContentMs, firstContentMs, how);
    if (outputTokens >= TOKENS_MIN) {
      const msPerToken = (durationMs - firstContentMs) / outputTokens;
      addSample(record.msPerToken, Math.max(MS_PER_TOKEN_MIN, msPerToken), how);
    }
  }

  /** What was measured of a target; it holds until `revision` grows. Null = nothing. */
  find(target: Target): SpeedRecord | null {
    return this.#targets.peek(targetKey(target)) ?? null;
  }

  /** `samples` are first contents, decayed. `record`: what was measured of it, where it has been looked up. */
  speed(target: Target, nowMs: number, record = this.find(target)): Speed {
    const prior = this.#priorsAt(nowMs).of(target.provider, record);
    if (record === null) {
      return {
        firstContentMs: prior.firstContentMs,
        outputTokensPerSecond: 1_000 / prior.msPerToken,
        samples: 0,
      };
    }
    const { firstContentMs, msPerToken } = record;
    return {
      firstContentMs: believed(firstContentMs, prior.firstContentMs, nowMs),
      outputTokensPerSecond: 1_000 / believed(msPerToken, prior.msPerToken, nowMs),
      samples: firstContentMs.weight * decay(nowMs - firstContentMs.atMs, SAMPLE_HALF_LIFE_MS),
    };
  }

  /** Means of all of a provider's answers; null = none seen. They do not fade. */
  providerMeans(
    provider: ProviderId,
    _nowMs: number,
  ): { readonly firstContentMs: number | null; readonly responseMs: number | null } {
    const means = this.#providers.peek(provider);
    return {
      firstContentMs: meanOrNull(means?.firstContentMs),
      responseMs: meanOrNull(means?.responseMs),
    };
  }

  /** JSON, ages relative to `nowMs`. */
  snapshot(nowMs: number): unknown {
    return {
      targets: oldestFirst(this.#targets).map(([key, record]) => ({
        provider: record.provider,
        key,
        firstContentMs: meanToJson(record.firstContentMs, nowMs),
        msPerToken: meanToJson(record.msPerToken, nowMs),
      })),
      providers: oldestFirst(this.#providers).map(([provider, means]) => ({
        provider,
        firstContentMs: meanToJson(means.firstContentMs, nowMs),
        responseMs: meanToJson(means.responseMs, nowMs),
      })),
    };
  }

  /** Replaces what was learned; entries that are nonsense are left out. */
  restore(json: unknown, nowMs: number): void {
    this.#targets.clear();
    this.#providers.clear();
    this.#priors = null;
    this.#revision += 1;
    for (const each of readEntries(fieldOf(json, 'targets'), targetSchema)) {
      this.#targets.set(each.key, {
        provider: each.provider,
        firstContentMs: meanFromJson(each.firstContentMs, nowMs),
        msPerToken: meanFromJson(each.msPerToken, nowMs),
      });
    }
    for (const each of readEntries(fieldOf(json, 'providers'), providerSchema)) {
      this.#providers.set(each.provider, {
        firstContentMs: meanFromJson(each.firstContentMs, nowMs),
        responseMs: meanFromJson(each.responseMs, nowMs),
      });
    }
  }

  #priorsAt(nowMs: number): SpeedPriors {
    if (this.#priors !== null && Math.abs(nowMs - this.#priors.atMs) < PRIORS_FRESH_MS) {
      return this.#priors.made;
    }
    const recent = this.#targets.values().take(LIMITS.speedPriorTargetsMax);
    const made = new SpeedPriors(recent, nowMs);
    this.#priors = { atMs: nowMs, made };
    return made;
  }

  #recordOf(target: Target): SpeedRecord {
    const key = targetKey(target);
    const known = this.#targets.get(key);
    if (known !== undefined) return known;
    const made = {
      provider: target.provider,
      firstContentMs: emptyMean(),
      msPerToken: emptyMean(),
    };
    this.#targets.set(key, made);
    this.#priors = null;
    this.#revision += 1;
    return made;
  }

  #meansOf(provider: ProviderId): ProviderMeans {
    const known = this.#providers.get(provider);
    if (known !== undefined) return known;
    const made = { firstContentMs: emptyMean(), responseMs: emptyMean() };
    this.#providers.set(provider, made);
    return made;
  }
}

function meanOrNull(of: DecayedMean | undefined): number | null {
  return of === undefined || of.weight === 0 ? null : of.mean;
}
