import type {
  AttemptAnswered,
  AttemptEnded,
  AttemptStarted,
  FailureKind,
  Observation,
} from '../../schemas/observation.ts';
import type { Target } from '../../schemas/target.ts';
import type { SessionHome } from '../knowledge.ts';
import { cachedAfter } from './cached-after.ts';
import type { RoutingParts } from './routing-parts.ts';
import { type Amounts, amountsOfUsage, countable, NO_AMOUNTS } from './window-amounts.ts';

/** Hands an observation to the parts that learn from it. An attempt starts once and ends once. */
export function foldObservation(
  parts: RoutingParts,
  observation: Observation,
  nowMs: number,
): void {
  if (observation.kind === 'started') started(parts, observation, nowMs);
  if (observation.kind === 'answered') answered(parts, observation, nowMs);
  if (observation.kind === 'ended' && parts.ended.add(observation.attemptId)) {
    ended(parts, observation, nowMs);
  }
  if (observation.kind === 'account') {
    const { provider, account, fingerprint } = observation;
    parts.circuits.seen(provider, account, fingerprint);
  }
  if (observation.kind === 'reset') {
    const { provider, account } = observation;
    for (const part of [parts.circuits, parts.windows, parts.successes, parts.retryBudgets]) {
      part.reset(provider, account);
    }
  }
}

function answered(parts: RoutingParts, observation: AttemptAnswered, nowMs: number): void {
  const { attemptId, windows } = observation;
  if (parts.ended.has(attemptId)) return;
  parts.windows.answered({ attemptId, target: parts.targets.intern(observation) }, windows, nowMs);
}

function started(parts: RoutingParts, observation: AttemptStarted, nowMs: number): void {
  const { attemptId, isStream, requestClass, conversation } = observation;
  if (parts.ended.has(attemptId)) return;
  const target = parts.targets.intern(observation);
  const home = conversation === null ? null : homeOf(parts, conversation, { target, nowMs });
  const maxOutputTokens = countable(observation.maxOutputTokens);
  const need = {
    inputTokens: observation.inputTokensEstimate,
    cachedInputTokens: home?.cachedTokens ?? 0,
    outputTokens: parts.outputSizes.expected({ requestClass, maxOutputTokens }),
  };
  if (!parts.windows.started({ attemptId, target }, { need, isStream }, nowMs)) return;
  parts.reservations.release(requestIdOf(attemptId));
  parts.circuits.started(target, nowMs);
}

function ended(parts: RoutingParts, observation: AttemptEnded, nowMs: number): void {
  const { attemptId, outcome, windows, retryAfterMs } = observation;
  const target = parts.targets.intern(observation);
  const at = { attemptId, target };
  const failure = outcome === 'failed' ? observation.failure : null;
  parts.reservations.release(requestIdOf(attemptId));
  if (failure === 'rate_limited') {
    parts.windows.refused(at, { retryAfterMs, readings: windows }, nowMs);
  } else {
    parts.windows.answered(at, windows, nowMs);
    parts.windows.ended(at, realAmounts(observation), nowMs);
  }
  // A client that leaves in the middle of an answer has seen that the provider answers.
  const isAnswered = outcome === 'cancelled' && observation.firstContentMs !== null;
  if (outcome === 'completed' || isAnswered) succeeded(parts, observation, nowMs);
  else if (failure === null) parts.circuits.released(target, nowMs);
  else failed(parts, { target, failure }, nowMs);
}

function succeeded(parts: RoutingParts, observation: AttemptEnded, nowMs: number): void {
  const target = parts.targets.intern(observation);
  const { usage, conversation, requestClass } = observation;
  parts.circuits.succeeded(target, nowMs);
  parts.successes.record(target, true, nowMs);
  parts.retryBudgets.succeeded(target, nowMs);
  parts.tallies.succeeded(target.provider, nowMs);
  // A count of tokens answers nothing.
  const outputTokens = countable(usage.outputTokens);
  if (observation.firstContentMs === null && outputTokens === 0) return;
  const firstContentMs =
    observation.firstContentMs === null ? null : countable(observation.firstContentMs);
  const times = {
    firstContentMs,
    durationMs: countable(observation.durationMs),
    outputTokens,
    isStream: observation.isStream,
  };
  parts.speeds.record(target, times, nowMs);
  if (observation.outcome === 'completed') parts.outputSizes.record(requestClass, outputTokens);
  if (conversation === null) return;
  const isFirst = homeOf(parts, conversation, { target, nowMs }) === null;
  const cached = cachedAfter(observation, { isFirst });
  parts.sessions.served(conversation, target, cached, nowMs);
}

function failed(
  parts: RoutingParts,
  { target, failure }: { target: Target; failure: FailureKind },
  nowMs: number,
): void {
  parts.circuits.failed(target, failure, nowMs);
  if (failure === 'rate_limited') parts.tallies.rateLimited(target.provider);
  if (failure === 'rate_limited' || failure === 'request') return;
  parts.successes.record(target, false, nowMs);
  parts.retryBudgets.failed(target, nowMs);
  parts.tallies.failed(target.provider, failure, nowMs);
}

// What never reached the provider took nothing; what a lost worker took is unknown.
function realAmounts({ provider, outcome, failure, usage }: AttemptEnded): Amounts | null {
  if (outcome === 'failed' && failure === 'connection') return NO_AMOUNTS;
  const took = amountsOfUsage(provider, usage);
  const isUnknown = outcome !== 'failed' && outcome !== 'completed';
  return isUnknown && took.inputTokens + took.outputTokens === 0 ? null : took;
}

function homeOf(
  parts: RoutingParts,
  conversation: string,
  { target, nowMs }: { target: Target; nowMs: number },
): SessionHome | null {
  const { provider, account, upstreamModel } = target;
  const home = parts.sessions
    .homes(conversation, nowMs)
    .find(
      (each) =>
        each.upstreamModel === upstreamModel &&
        each.account === account &&
        each.provider === provider,
    );
  return home ?? null;
}

// `<requestId>.<attempt>`
function requestIdOf(attemptId: string): string {
  const end = attemptId.lastIndexOf('.');
  return end === -1 ? attemptId : attemptId.slice(0, end);
}
