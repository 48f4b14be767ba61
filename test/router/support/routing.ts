import { DEFAULT_MODEL_MAPPING } from '../../../config/model-mapping.ts';
import type { TokenPrices } from '../../../config/prices/token-prices.ts';
import { NO_ROUTING_RULES } from '../../../config/routing-rules.ts';
import { type Decision, decide } from '../../../router/decide.ts';
import type { RouterPolicy } from '../../../router/policy.ts';
import type { RequestFacts, RouteRequest } from '../../../schemas/envelope.ts';
import { PROVIDER_IDS, type ProviderId } from '../../../schemas/provider.ts';
import type { StrategyName } from '../../../schemas/routing.ts';
import { type FakeKnowledge, fakeKnowledge } from './fake-knowledge.ts';

/** Three providers of Claude and one of another maker. */
export const CHAIN = ['vertex-claude', 'anthropic', 'openrouter', 'vertex-gemini'] as const;

/** Picodollars per token: Claude Sonnet's. */
export const PRICES: TokenPrices = {
  input: 3_000_000,
  cacheRead: 300_000,
  cacheWrite5m: 3_750_000,
  cacheWrite1h: 6_000_000,
  output: 15_000_000,
};

/** A policy over `chain`, one account each unless said otherwise. */
export function policyFor(
  chain: readonly ProviderId[] = CHAIN,
  rest: Partial<RouterPolicy> & { accountsEach?: number } = {},
): RouterPolicy {
  const { accountsEach = 1, ...policy } = rest;
  const accounts = Array.from({ length: accountsEach }, (_, index) => `KEY_${index + 1}`);
  return {
    chain,
    accounts: new Map(chain.map((provider) => [provider, accounts])),
    mapping: { ...DEFAULT_MODEL_MAPPING, providers: [...new Set([...PROVIDER_IDS, ...chain])] },
    rules: NO_ROUTING_RULES,
    isCostOptimized: true,
    prices: () => PRICES,
    ...policy,
  };
}

/** A request of a new session. */
export function requestFor(
  facts: Partial<RequestFacts> = {},
  rest: Partial<Omit<RouteRequest, 'facts'>> = {},
): RouteRequest {
  return {
    v: 1,
    requestId: 'req_1',
    pinned: null,
    failed: [],
    hasWaited: false,
    ...rest,
    facts: {
      operation: 'messages',
      requestModel: 'claude-sonnet-5-5',
      isStream: true,
      maxOutputTokens: 32_000,
      bodyBytes: 40_000,
      inputTokensEstimate: 10_000,
      hasTools: true,
      hasThinking: false,
      hasImages: false,
      hasWebSearch: false,
      sessionId: null,
      agentId: null,
      requestClass: 'main',
      cacheTtlMs: 300_000,
      ...facts,
    },
  };
}

/** Decides by `availability`, which keeps the chain's order among equals, unless told otherwise. */
export function decided(
  request: RouteRequest,
  given: { policy?: RouterPolicy; knows?: FakeKnowledge; strategy?: StrategyName } = {},
): Decision {
  const { policy = policyFor(), knows = {}, strategy = 'availability' } = given;
  return decide(request, { policy, knowledge: fakeKnowledge(knows), strategy, nowMs: 1_000 });
}

/** The providers of a decision's targets, best first. */
export function providersOf({ decision }: Decision): readonly ProviderId[] {
  return decision.targets.map(({ provider }) => provider);
}
