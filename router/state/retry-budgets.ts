import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { LIMITS } from '../../config/limits.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import { accountKey, isKeyOf, type Target } from '../../schemas/target.ts';
import { SlidingShare, slidingShareSchema } from './sliding-share.ts';
import { fieldOf, oldestFirst, readEntries } from './snapshot-entries.ts';

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

const FAILURE_COST = 1;
const SUCCESS_GAIN = 0.1;
const SLOTS = 10;

/** Account and tokens. */
const bucketSchema = z.tuple([z.string(), z.number().min(0).max(LIMITS.retryTokensMax)]);

/**
 * Keeps retries from doubling the load of what is down.
 *
 * Every account has a bucket of 10 tokens: a counted failure takes one, a success gives a tenth, and one comes back
 * every 10 s, so that a silent provider recovers. Beside them retries may be 20 % of all requests routed in the last
 * 10 s, and 20 in any case: a lone user's retries are no storm. A retry may go to a target whose bucket is more than
 * half full, or to anyone while that common budget has room.
 */
export class RetryBudgets {
  readonly #buckets = new LRUCache<string, Bucket>({ max: LIMITS.routedTargetsMax });
  readonly #routed = new SlidingShare({ slotMs: LIMITS.retryShareMs / SLOTS, slots: SLOTS });

  failed(target: Target, nowMs: number): void {
    this.#change(target, -FAILURE_COST, nowMs);
  }

  succeeded(target: Target, nowMs: number): void {
    this.#change(target, SUCCESS_GAIN, nowMs);
  }

  /** Whether a retry may go there. */
  hasBudget(target: Target, nowMs: number): boolean {
    const bucket = this.#buckets.peek(accountKey(target));
    if (bucket === undefined || tokensIn(bucket, nowMs) > LIMITS.retryTokensMax / 2) return true;
    const { all, marked } = this.#routed.count(nowMs);
    return marked < Math.max(LIMITS.retriesFreeMax, (all * LIMITS.retryPercentMax) / 100);
  }

  /** A decision was made. `isRetry`: it is a request's second or later. */
  routed(isRetry: boolean, nowMs: number): void {
    this.#routed.add(isRetry, nowMs);
  }

  /** Retries among all requests routed in the last 10 s, 0 to 1. */
  retryShare(nowMs: number): number {
    const { all, marked } = this.#routed.count(nowMs);
    return all === 0 ? 0 : marked / all;
  }

  /** Fills a provider's buckets. `account` null = those of all its accounts. */
  reset(provider: ProviderId, account: string | null): void {
    for (const key of [...this.#buckets.keys()]) {
      if (isKeyOf(key, provider, account)) this.#buckets.delete(key);
    }
  }

  /** JSON, times relative to `nowMs`. Full buckets are left out. */
  snapshot(nowMs: number): unknown {
    const buckets = oldestFirst(this.#buckets).map(([account, bucket]) => [
      account,
      tokensIn(bucket, nowMs),
    ]);
    return {
      buckets: buckets.filter(([, tokens]) => tokens !== LIMITS.retryTokensMax),
      routed: this.#routed.snapshot(nowMs),
    };
  }

  /** Replaces what was learned; entries that are nonsense are left out. */
  restore(json: unknown, nowMs: number): void {
    this.#buckets.clear();
    for (const [account, tokens] of readEntries(fieldOf(json, 'buckets'), bucketSchema)) {
      this.#buckets.set(account, { tokens, atMs: nowMs });
    }
    const routed = slidingShareSchema.safeParse(fieldOf(json, 'routed'));
    this.#routed.restore(routed.success ? routed.data : [], nowMs);
  }

  #change(target: Target, by: number, nowMs: number): void {
    const key = accountKey(target);
    const bucket = this.#buckets.get(key);
    const tokens = bucket === undefined ? LIMITS.retryTokensMax : tokensIn(bucket, nowMs);
    const changed = Math.min(LIMITS.retryTokensMax, Math.max(0, tokens + by));
    this.#buckets.set(key, { tokens: changed, atMs: nowMs });
  }
}

function tokensIn({ tokens, atMs }: Bucket, nowMs: number): number {
  const back = Math.max(0, nowMs - atMs) / LIMITS.retryTokenMs;
  return Math.min(LIMITS.retryTokensMax, tokens + back);
}
