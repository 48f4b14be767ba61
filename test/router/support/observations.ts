import type {
  AttemptAnswered,
  AttemptEnded,
  AttemptStarted,
} from '../../../schemas/observation.ts';
import type { Target } from '../../../schemas/target.ts';
import { NO_USAGE } from '../../../schemas/usage.ts';

/** A streaming attempt of the main conversation. */
export function startedAt(
  target: Target,
  attemptId: string,
  rest: Partial<AttemptStarted> = {},
): AttemptStarted {
  return {
    kind: 'started',
    ...target,
    attemptId,
    isStream: true,
    requestClass: 'main',
    conversation: null,
    inputTokensEstimate: 1_000,
    maxOutputTokens: 32_000,
    ...rest,
  };
}

/** An answer with status 200. */
export function answeredAt(
  target: Target,
  attemptId: string,
  rest: Partial<AttemptAnswered> = {},
): AttemptAnswered {
  return {
    kind: 'answered',
    ...target,
    attemptId,
    status: 200,
    headersMs: 300,
    windows: [],
    ...rest,
  };
}

/** A success with 1,000 tokens in and 100 out. */
export function endedAt(
  target: Target,
  attemptId: string,
  rest: Partial<AttemptEnded> = {},
): AttemptEnded {
  return {
    kind: 'ended',
    ...target,
    attemptId,
    outcome: 'completed',
    failure: null,
    status: 200,
    retryAfterMs: null,
    windows: [],
    firstContentMs: 500,
    durationMs: 2_500,
    isStream: true,
    requestClass: 'main',
    conversation: null,
    cacheTtlMs: 0,
    usage: { ...NO_USAGE, inputTokens: 1_000, outputTokens: 100 },
    isEstimated: false,
    ...rest,
  };
}

/** A failure that took no tokens. */
export function failedAt(
  target: Target,
  attemptId: string,
  rest: Partial<AttemptEnded> & Pick<AttemptEnded, 'failure'>,
): AttemptEnded {
  const nothing = { firstContentMs: null, durationMs: 100, usage: NO_USAGE, status: null };
  return endedAt(target, attemptId, { outcome: 'failed', ...nothing, ...rest });
}
