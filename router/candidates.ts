import type { RouteRequest } from '../schemas/envelope.ts';
import type { ProviderId } from '../schemas/provider.ts';
import type { Candidate } from './strategy.ts';

/**
 * Lists who may serve a request: on a pinned port that provider alone, else the chain; in both cases without those
 * that failed this request already.
 */
export function candidates(
  chain: readonly ProviderId[],
  request: RouteRequest,
): readonly Candidate[] {
  const failed = new Set(request.failed.map((attempt) => attempt.provider));
  return chain
    .map((provider, chainIndex) => ({ provider, chainIndex }))
    .filter(({ provider }) => request.pinned === null || provider === request.pinned)
    .filter(({ provider }) => !failed.has(provider));
}
