import type { RateLimits } from './behaviour.ts';

const WINDOW_MS = 60_000;
/** What refilling in fractions may be off by: whoever waited as long as told must pass. */
const ROUNDING_TOKENS = 1e-9;

/** What a limit counts, in the order of the true headers. */
export const LIMITED = ['requests', 'input-tokens', 'output-tokens'] as const;
/** One of LIMITED. */
export type Limited = (typeof LIMITED)[number];

/** One limit as it stands. */
export interface WindowState {
  readonly limit: number;
  readonly remaining: number;
  /** Unix milliseconds when it is full again. */
  readonly resetMs: number;
}

/** Why a request is refused. */
export interface LimitExceeded {
  readonly what: Limited;
  readonly limit: number;
  /** Milliseconds until the request would pass. */
  readonly retryAfterMs: number;
}

/** The limits of one account: buckets that refill evenly. Pure: the clock is a parameter. */
export interface RateWindows {
  /** Takes one request of `inputTokens`, or says why it may not pass. */
  take(inputTokens: number, nowMs: number): LimitExceeded | null;
  /** Takes output that was decided on; it may overdraw the bucket. */
  spend(outputTokens: number, nowMs: number): void;
  state(what: Limited, nowMs: number): WindowState;
}

interface Bucket {
  readonly limit: number;
  level: number;
  atMs: number;
}

/** Makes full buckets. */
export function createRateWindows(limits: RateLimits, nowMs: number): RateWindows {
  const full = (limit: number): Bucket => ({ limit, level: limit, atMs: nowMs });
  const buckets: Record<Limited, Bucket> = {
    requests: full(limits.requestsPerMinute),
    'input-tokens': full(limits.inputTokensPerMinute),
    'output-tokens': full(limits.outputTokensPerMinute),
  };
  return {
    take(inputTokens, now) {
      const needs = { requests: 1, 'input-tokens': inputTokens, 'output-tokens': 1 };
      for (const what of LIMITED) {
        const bucket = refilled(buckets[what], now);
        const missing = Math.min(needs[what], bucket.limit) - bucket.level;
        if (missing > ROUNDING_TOKENS) {
          const retryAfterMs = Math.ceil((missing * WINDOW_MS) / bucket.limit);
          return { what, limit: bucket.limit, retryAfterMs };
        }
      }
      buckets.requests.level -= 1;
      buckets['input-tokens'].level -= inputTokens;
      return null;
    },
    spend(outputTokens, now) {
      refilled(buckets['output-tokens'], now).level -= outputTokens;
    },
    state(what, now) {
      const bucket = refilled(buckets[what], now);
      const missing = bucket.limit - bucket.level;
      return {
        limit: bucket.limit,
        remaining: Math.max(0, Math.floor(bucket.level)),
        resetMs: now + Math.ceil((missing * WINDOW_MS) / bucket.limit),
      };
    },
  };
}

function refilled(bucket: Bucket, nowMs: number): Bucket {
  const gained = (Math.max(0, nowMs - bucket.atMs) * bucket.limit) / WINDOW_MS;
  bucket.level = Math.min(bucket.limit, bucket.level + gained);
  bucket.atMs = Math.max(bucket.atMs, nowMs);
  return bucket;
}
