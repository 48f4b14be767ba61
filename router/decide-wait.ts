import { LIMITS } from '../config/limits.ts';
import type { RouteRequest } from '../schemas/envelope.ts';
import type { Ranked } from './decide-order.ts';
import { hashOf, shareOf } from './hash.ts';

/** Whom to wait for. */
export interface Waiting {
  readonly ranked: Ranked;
  /** Milliseconds. */
  readonly waitMs: number;
}

/** Those that wait for one window do not come back at one moment. */
const JITTER_MS = 100;

/**
 * Whom a request should wait for: somebody whose rate limit resets within `rateLimitWaitMsMax`, where nobody can be asked
 * now. It waits once. Null = no use. Pure.
 */
export function waitingFor(all: readonly Ranked[], request: RouteRequest): Waiting | null {
  if (request.hasWaited) return null;
  let soonest: Ranked | null = null;
  for (const ranked of all) {
    const { level, cause, backInMs } = ranked.candidate.standing;
    if (level !== 'out') return null;
    if (cause !== 'rate_limited' || backInMs > LIMITS.rateLimitWaitMsMax) continue;
    if (soonest === null || backInMs < soonest.candidate.standing.backInMs) soonest = ranked;
  }
  if (soonest === null) return null;
  const jitterMs = shareOf(hashOf(request.requestId)) * JITTER_MS;
  return { ranked: soonest, waitMs: Math.ceil(soonest.candidate.standing.backInMs + jitterMs) };
}
