import type { ReplyError } from '../schemas/envelope.ts';

/** A failed attempt as the client may see it. */
export type AttemptFailure = ReplyError;

// Earlier = preferred: what the client can act on best. Source: Anthropic's own gateway, protocol reference §1.14.
const PREFERRED_UPSTREAM_STATUSES: readonly (readonly number[])[] = [
  [429],
  [401, 403],
  [402],
  [404, 410],
  [501],
  [529, 503],
];

/**
 * The answer after the last attempt: a single failure as it is; of several the last 429, else 401/403, 402, 404, 501,
 * overload, else an own 502. Without any failure: the router's refusal, which a retry does not change, else that there is
 * nobody now. Pure.
 */
export function finalError(
  failures: readonly AttemptFailure[],
  refusal: string | null,
): AttemptFailure {
  const [only] = failures;
  if (only === undefined) return refusal === null ? nobody() : refused(refusal);
  if (failures.length === 1) return only;
  for (const statuses of PREFERRED_UPSTREAM_STATUSES) {
    const found = failures.findLast((failure) =>
      statuses.includes(failure.upstreamStatus ?? failure.status),
    );
    if (found !== undefined) return found;
  }
  return {
    ...nobody(),
    status: 502,
    message: `all upstreams failed (${failures.length} attempted)`,
  };
}

function refused(refusal: string): AttemptFailure {
  return { ...nobody(), message: refusal, headers: [['x-should-retry', 'false']] };
}

/** The answer when there was nobody to ask: every pool is gone or the port's provider is off. */
function nobody(): AttemptFailure {
  return {
    type: 'api_error',
    status: 503,
    message: 'no provider can serve this request now',
    body: null,
    headers: [['retry-after', '5']],
    upstreamStatus: null,
    isFailover: true,
  };
}
