import { LIMITS } from '../config/limits.ts';
import { providerOfModel } from '../config/model-mapping.ts';
import type { RouteDecision, RouteRequest } from '../schemas/envelope.ts';
import type { IngressContext } from './context.ts';
import type { Exchange } from './exchange.ts';

/** What happened to the exchange so far. */
export type RouteHistory = Pick<RouteRequest, 'failed' | 'barred' | 'hasWaited'>;

/**
 * Asks a router for the exchange's targets and counts its decision. Without a bus there are none; without a router's
 * answer within `routeMsMax` the configured chain decides.
 */
export async function askForRoute(
  context: IngressContext,
  exchange: Exchange,
  history: RouteHistory,
): Promise<RouteDecision> {
  const decision = await decisionFor(context, exchange, history);
  const { strategy, targets, reason } = decision;
  context.metrics.countDecision(strategy, targets[0]?.provider ?? 'none', reason);
  return decision;
}

async function decisionFor(
  { bus, hub, config }: IngressContext,
  { requestId, pinned, facts, deadlineMs }: Exchange,
  history: RouteHistory,
): Promise<RouteDecision> {
  const patienceMs = Math.min(LIMITS.busWaitMsMax, deadlineMs - Date.now());
  if (!bus.isConnected && !(await bus.whenConnected(patienceMs))) return NO_ROUTE;
  const question: RouteRequest = { v: 1, requestId, pinned, facts, ...history };
  const answer = await hub.ask(question, LIMITS.routeMsMax);
  if (answer !== null) return readDecision(answer as RouteDecision);
  return { ...NO_ROUTE, targets: chainTargets(config, question) };
}

function readDecision(decision: RouteDecision): RouteDecision {
  const targets = decision.targets.map((target) => ({
    ...target,
    cachedTokens: tokensIn(target.cachedTokens),
  }));
  return { ...decision, targets };
}

// Routers of before do not tell it.
function tokensIn(told: unknown): number {
  return typeof told === 'number' && told > 0 ? Math.round(told) : 0;
}

const NO_ROUTE: RouteDecision = {
  v: 1,
  targets: [],
  strategy: 'chain',
  reason: 'no_router',
  waitMs: 0,
  refusal: null,
};

// Routing is no single point of failure: without a router the configured order decides.
function chainTargets(
  { chain, modelMapping }: IngressContext['config'],
  { pinned, facts, failed, barred = [] }: RouteRequest,
): RouteDecision['targets'] {
  const named = providerOfModel(facts.requestModel, modelMapping.providers)?.provider ?? null;
  const only = pinned ?? named;
  const isOut = new Set([...barred, ...failed.map(({ provider }) => provider)]);
  return chain
    .filter((provider) => (only === null || provider === only) && !isOut.has(provider))
    .map((provider) => ({ provider, account: null, model: null, cachedTokens: 0 }));
}
