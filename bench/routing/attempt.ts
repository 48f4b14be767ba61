/** One attempt as `workers/run-attempt.ts` makes it: calls the upstream and tells the routers, in virtual time. */

import { conversationOf } from '../../schemas/conversation.ts';
import type { ReplyError } from '../../schemas/envelope.ts';
import type { AttemptEnded, Observation } from '../../schemas/observation.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import { retryAfterSeconds } from '../../workers/errors/retry-after.ts';
import { readRefusal, readWindows } from '../../workers/rate-limits/read-windows.ts';
import type { Turn } from './day.ts';
import type { Process } from './timeline.ts';
import type { Call, Upstream } from './upstream.ts';
import type { World } from './world.ts';

/** What is asked, of whom. */
export interface AttemptPlan {
  readonly provider: ProviderId;
  readonly turn: Turn;
  readonly attemptId: string;
  readonly patienceMs: number;
}

/** How it ended. `error` counts only when it failed before its first byte; `sinceMs` is when it began. */
export interface AttemptResult {
  readonly call: Call;
  readonly error: ReplyError;
  readonly sinceMs: number;
}

/** Observations leave a worker in batches, failures at once. Milliseconds. */
const OBSERVATION_MS = 20;
const URGENT_MS = 0.5;
const NO_BODY = Buffer.alloc(0);

/** Makes the attempt. */
export function* callUpstream(world: World, plan: AttemptPlan): Process<AttemptResult> {
  const { timeline, tally } = world;
  const { provider, turn, attemptId, patienceMs } = plan;
  const upstream = world.upstreams.get(provider);
  if (upstream === undefined) throw new Error(`nobody plays ${provider}`);
  const sinceMs = timeline.nowMs;
  tell(world, startedOf(plan, upstream), OBSERVATION_MS);
  const call = upstream.take({ turn, attemptId, patienceMs, nowMs: sinceMs });
  yield call.headersMs;
  const windows = readWindows(call.headers);
  if (call.status === 200 || windows.length > 0) {
    const answered = { ...upstream.profile.target, attemptId, headersMs: call.headersMs, windows };
    tell(world, { kind: 'answered', ...answered, status: call.status ?? 0 }, OBSERVATION_MS);
  }
  yield call.durationMs - call.headersMs;
  upstream.ended(call, timeline.nowMs);
  const ended = endedOf(plan, upstream, call);
  tally.attempt(ended);
  tell(world, ended, call.failure === null ? OBSERVATION_MS : URGENT_MS);
  return { call, error: errorOf(call), sinceMs };
}

function tell({ timeline, router }: World, observation: Observation, delayMs: number): void {
  timeline.after(delayMs, () => router.learn(observation, timeline.nowMs));
}

function startedOf({ turn, attemptId }: AttemptPlan, { profile }: Upstream): Observation {
  return {
    kind: 'started',
    ...profile.target,
    attemptId,
    isStream: true,
    requestClass: turn.requestClass,
    conversation: conversationOf(turn),
    inputTokensEstimate: turn.estimatedTokens,
    maxOutputTokens: 32_000,
  };
}

function endedOf(
  { turn, attemptId }: AttemptPlan,
  { profile }: Upstream,
  { status, headers, failure, usage, firstContentMs, durationMs }: Call,
): AttemptEnded {
  const isRefused = failure !== null && status !== null && status !== 200;
  const refusal = isRefused ? readRefusal({ status, headers, body: NO_BODY }) : null;
  return {
    kind: 'ended',
    ...profile.target,
    attemptId,
    outcome: failure === null ? 'completed' : 'failed',
    failure,
    status,
    retryAfterMs: refusal?.retryAfterMs ?? null,
    windows: refusal?.windows ?? [],
    firstContentMs,
    durationMs,
    isStream: true,
    requestClass: turn.requestClass,
    conversation: conversationOf(turn),
    cacheTtlMs: turn.cacheTtlMs,
    usage,
    isEstimated: false,
    inputTokensEstimate: turn.estimatedTokens,
  };
}

function errorOf({ status, headers, failure }: Call): ReplyError {
  const isLimit = status === 429;
  const seconds = retryAfterSeconds({ headers, error: {}, message: '' });
  return {
    type: isLimit ? 'rate_limit_error' : 'overloaded_error',
    status: status ?? (failure === 'timeout' ? 504 : 502),
    message: failure ?? '',
    body: null,
    headers: isLimit ? [['retry-after', String(seconds)]] : [],
    upstreamStatus: status,
    isFailover: true,
  };
}
