import { resolveModel } from '../config/model-mapping.ts';
import type { PriceList } from '../config/prices/price-list.ts';
import { expectedPrompt } from '../config/prices/prompt-parts.ts';
import { writtenCost } from '../config/prices/written-cost.ts';
import { conversationOf } from '../schemas/conversation.ts';
import type { RouteTarget } from '../schemas/envelope.ts';
import type { AttemptEnded } from '../schemas/observation.ts';
import { subjects } from '../schemas/subjects.ts';
import type { Target } from '../schemas/target.ts';
import { NO_USAGE, type Usage, type UsageEvent, usageEventId } from '../schemas/usage.ts';
import type { IngressContext } from './context.ts';
import type { Exchange } from './exchange.ts';
import type { Relay } from './relay.ts';

/** An attempt whose worker vanished. */
export interface LostAttempt {
  readonly exchange: Exchange;
  readonly target: RouteTarget;
  readonly attempt: number;
  readonly startedAtMs: number;
  readonly relay: Relay;
}

/**
 * Writes what a vanished worker can no longer write: the usage event, and the observation that the attempt is over.
 * Everything in them is estimated.
 *
 * The event's id is the worker's own, so that an event which the worker did get out still counts once.
 */
export function publishLostAttempt(
  context: Pick<IngressContext, 'config' | 'events' | 'observations' | 'prices'>,
  lost: LostAttempt,
): void {
  const target = targetOf(context, lost);
  const durationMs = Date.now() - lost.startedAtMs;
  const isMessage = lost.exchange.facts.operation === 'messages';
  const usage = isMessage ? estimatedUsage(lost, target, context.prices) : NO_USAGE;
  // Before the next question to the routers.
  context.observations.add(observationOf(lost, target, { durationMs, usage }), { isUrgent: true });
  if (!isMessage) return;
  const event = usageEventOf(lost, target, { durationMs, usage, prices: context.prices });
  context.events.publish(subjects.usageEvent(target.provider), event.id, event);
}

// Whom the worker asked for what, as far as it can be told from here.
function targetOf(
  { config }: Pick<IngressContext, 'config'>,
  { exchange, target, relay }: LostAttempt,
): Target {
  const { provider, account, model } = target;
  const name = model ?? exchange.facts.requestModel;
  return {
    provider,
    account: account ?? config.providers[provider]?.account ?? 'unknown',
    upstreamModel:
      relay.head?.upstreamModel ?? resolveModel(name, provider, config.modelMapping).upstreamModel,
  };
}

function observationOf(
  { exchange, attempt, relay }: LostAttempt,
  target: Target,
  { durationMs, usage }: { durationMs: number; usage: Usage },
): AttemptEnded {
  const { facts, requestId } = exchange;
  const isMessage = facts.operation === 'messages';
  return {
    kind: 'ended',
    ...target,
    attemptId: `${requestId}.${attempt}`,
    outcome: 'lost',
    failure: null,
    status: relay.head?.status ?? null,
    retryAfterMs: null,
    windows: [],
    firstContentMs: null,
    durationMs,
    isStream: facts.isStream,
    requestClass: facts.requestClass,
    conversation: isMessage ? conversationOf(facts) : null,
    cacheTtlMs: isMessage ? facts.cacheTtlMs : 0,
    usage,
    isEstimated: isMessage,
    inputTokensEstimate: isMessage ? facts.inputTokensEstimate : 0,
  };
}

function usageEventOf(
  { exchange, attempt, startedAtMs, relay }: LostAttempt,
  { provider, account, upstreamModel }: Target,
  { durationMs, usage, prices }: { durationMs: number; usage: Usage; prices: PriceList },
): UsageEvent {
  const { facts, requestId, clientKeyId } = exchange;
  const said = { responseModel: null, raw: null };
  return {
    v: 1,
    id: usageEventId(requestId, attempt),
    requestId,
    attempt,
    provider,
    account,
    requestModel: facts.requestModel,
    upstreamModel,
    ...said,
    sessionId: facts.sessionId,
    clientKeyId,
    startedAtMs,
    firstByteMs: null,
    durationMs,
    outcome: 'lost',
    status: relay.head?.status ?? null,
    errorType: 'worker_lost',
    stopReason: null,
    estimated: true,
    usage,
    cost: writtenCost(usage, { provider, upstreamModel, ...said, atMs: startedAtMs }, prices),
    requestClass: facts.requestClass,
    messageId: null,
    agentId: facts.agentId,
  };
}

function estimatedUsage(
  { exchange, target, startedAtMs, relay }: LostAttempt,
  { provider, upstreamModel }: Target,
  prices: PriceList,
): Usage {
  const { facts } = exchange;
  const { inputTokensEstimate: inputTokens } = facts;
  const known = prices.pricesOf({ provider, upstreamModel, inputTokens, atMs: startedAtMs });
  return {
    ...NO_USAGE,
    ...expectedPrompt(facts, target.cachedTokens, known),
    outputTokens: relay.tail.outputTokens(),
  };
}
