import { LIMITS } from '../config/limits.ts';
import type { AttemptFailure } from './final-error.ts';

/**
 * Milliseconds until the first of these rate limits is over, where one asked for no more than `rateLimitWaitMsMax`; null =
 * a wait is no use. Pure.
 */
export function shortRateLimitMs(failures: readonly AttemptFailure[]): number | null {
  const waits = failures
    .filter(isRateLimit)
    .map(({ headers }) => headers.find(([name]) => name === 'retry-after')?.[1])
    .filter((seconds) => seconds !== undefined && /^\d{1,5}$/.test(seconds))
    .map((seconds) => Number(seconds) * 1000);
  const shortest = Math.min(...waits);
  return shortest <= LIMITS.rateLimitWaitMsMax ? shortest : null;
}

/** True when the upstream, or the worker in its stead, spoke of a rate limit. Pure. */
export function isRateLimit({ status, upstreamStatus }: AttemptFailure): boolean {
  return (upstreamStatus ?? status) === RATE_LIMITED;
}

/** Too Many Requests. */
export const RATE_LIMITED = 429;
