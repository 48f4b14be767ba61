import { DEFAULT_MODEL_MAPPING } from '../../config/model-mapping.ts';
import { createTokenPrices } from '../../config/prices/token-prices.ts';
import { NO_ROUTING_RULES } from '../../config/routing-rules.ts';
import { Brain } from '../../router/brain.ts';
import type { RouterPolicy } from '../../router/policy.ts';
import { createRoutingState } from '../../router/state/routing-state.ts';
import type { RouteDecision, RouteRequest } from '../../schemas/envelope.ts';
import type { Observation } from '../../schemas/observation.ts';
import type { StrategyName } from '../../schemas/routing.ts';
import { PRICES, PROVIDERS } from './providers.ts';
import { createRandom } from './random.ts';

/** Whoever decides. The clock is Unix milliseconds. */
export interface Router {
  /** False: the client sees nothing of an answer before its end. */
  readonly isStreaming: boolean;
  decide(request: RouteRequest, nowMs: number): RouteDecision;
  learn(observation: Observation, nowMs: number): void;
}

const THRESHOLD = 0.8;

/** The gateway's own router: what `router/start.ts` runs, without the bus. */
export function createGatewayRouter(strategy: StrategyName, seed: number): Router {
  const chain = PROVIDERS.map(({ target }) => target.provider);
  const accounts = PROVIDERS.map(({ target }) => [target.provider, [target.account]] as const);
  const policy: RouterPolicy = {
    chain,
    accounts: new Map(accounts),
    mapping: { ...DEFAULT_MODEL_MAPPING, providers: chain },
    rules: NO_ROUTING_RULES,
    isCostOptimized: true,
    prices: createTokenPrices(PRICES),
  };
  const state = createRoutingState({
    // Nobody tells it: it learns from headers and refusals.
    rateLimits: [],
    threshold: THRESHOLD,
    providers: accounts.map(([provider, names]) => ({ provider, accounts: names })),
    random: createRandom('router', seed),
  });
  const brain = new Brain({ policy, state, strategy });
  let sequence = 0;
  return {
    isStreaming: true,
    decide: (request, nowMs) => brain.decide(request, nowMs).decision,
    learn(observation, nowMs) {
      sequence += 1;
      brain.learn({ v: 1, source: 'bench', sequence, observations: [observation] }, nowMs);
    },
  };
}
