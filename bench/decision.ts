/**
 * Measures routing decisions: `npm run bench:decision` prints CPU microseconds a decision, by strategy and number of
 * candidates, over a state that has seen an attempt at every target.
 */
import { DEFAULT_MODEL_MAPPING } from '../config/model-mapping.ts';
import { createPriceList } from '../config/prices/price-list.ts';
import { createTokenPrices } from '../config/prices/token-prices.ts';
import { NO_ROUTING_RULES } from '../config/routing-rules.ts';
import { type DecisionContext, decide } from '../router/decide.ts';
import type { Knowledge, RoutingState } from '../router/knowledge.ts';
import type { RouterPolicy } from '../router/policy.ts';
import { createRoutingState } from '../router/state/routing-state.ts';
import type { RouteRequest } from '../schemas/envelope.ts';
import type { AttemptEnded } from '../schemas/observation.ts';
import { STRATEGY_NAMES } from '../schemas/routing.ts';
import type { Target } from '../schemas/target.ts';
import { NO_USAGE } from '../schemas/usage.ts';

const CHAIN = [
  'vertex-claude',
  'anthropic',
  'openrouter',
  'vertex-gemini',
  'github-models',
] as const;
const ACCOUNTS_EACH = [1, 10];
const DECISIONS = 20_000;
const ROUNDS = 3;
const CONVERSATIONS = 100;
const NOW_MS = 1_000_000;

function policyOf(accountsEach: number): RouterPolicy {
  const accounts = Array.from({ length: accountsEach }, (_, index) => `KEY_${index + 1}`);
  return {
    chain: CHAIN,
    accounts: new Map(CHAIN.map((provider) => [provider, accounts])),
    mapping: DEFAULT_MODEL_MAPPING,
    rules: NO_ROUTING_RULES,
    isCostOptimized: true,
    prices: createTokenPrices(createPriceList({})),
  };
}

function requestOf(index: number): RouteRequest {
  return {
    v: 1,
    requestId: `req_${index}`,
    pinned: null,
    failed: [],
    hasWaited: false,
    facts: {
      operation: 'messages',
      requestModel: 'claude-sonnet-5-5',
      isStream: true,
      maxOutputTokens: 32_000,
      bodyBytes: 400_000,
      inputTokensEstimate: 100_000,
      hasTools: true,
      hasThinking: true,
      hasImages: false,
      hasWebSearch: false,
      sessionId: `session-${index % CONVERSATIONS}`,
      agentId: null,
      requestClass: 'main',
      cacheTtlMs: 300_000,
    },
  };
}

function ended(target: Target, index: number): AttemptEnded {
  return {
    kind: 'ended',
    provider: target.provider,
    account: target.account,
    upstreamModel: target.upstreamModel,
    attemptId: `seen_${index}.0`,
    outcome: 'completed',
    failure: null,
    status: 200,
    retryAfterMs: null,
    windows: [
      {
        kind: 'requests',
        scope: 'model',
        periodMs: 60_000,
        limit: 1_000,
        remaining: 900,
        resetInMs: 6_000,
      },
      {
        kind: 'input_tokens',
        scope: 'model',
        periodMs: 60_000,
        limit: 2_000_000,
        remaining: 1_900_000,
        resetInMs: 3_000,
      },
    ],
    firstContentMs: 900,
    durationMs: 9_000,
    isStream: true,
    requestClass: 'main',
    conversation: `session-${index}`,
    cacheTtlMs: 300_000,
    usage: { ...NO_USAGE, inputTokens: 10, cacheReadInputTokens: 90_000, outputTokens: 400 },
    isEstimated: false,
  };
}

// What a decision tells of its candidates are the targets to learn about.
function taught(state: RoutingState, context: DecisionContext): void {
  const { candidates } = decide(requestOf(0), context).explain();
  for (const [index, target] of candidates.entries()) {
    state.fold(ended(target, index), NOW_MS - CONVERSATIONS + index);
  }
}

/** Answers the same for every target without looking: what is left is the decision's own. */
function indifferent(state: RoutingState): Knowledge {
  const target = { provider: 'anthropic', account: 'KEY_1', upstreamModel: 'any' } as const;
  const forecast = state.forecast(target, { inputTokens: 0, outputTokens: 0 }, NOW_MS);
  const circuit = state.circuit(target, NOW_MS);
  const speed = state.speed(target, NOW_MS);
  const homes = state.homes('session-1', NOW_MS);
  return {
    forecast: () => forecast,
    circuit: () => circuit,
    speed: () => speed,
    successProbability: () => 1,
    expectedOutputTokens: () => 400,
    homes: () => homes,
    inFlight: () => 0,
    hasRetryBudget: () => true,
    isInMaintenance: () => false,
    accountHealth: (...query) => state.accountHealth(...query),
    health: (...query) => state.health(...query),
  };
}

/** Microseconds of CPU a decision. The first rounds compile; the last one counts. */
function cost(context: DecisionContext): number {
  const requests = Array.from({ length: CONVERSATIONS * 2 }, (_, index) => requestOf(index));
  let spentUs = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    for (let index = 0; index < DECISIONS; index += 1) {
      const request = requests[index % requests.length];
      if (request !== undefined) decide(request, context);
    }
    const { user, system } = process.cpuUsage(before);
    spentUs = user + system;
  }
  return spentUs / DECISIONS;
}

for (const accountsEach of ACCOUNTS_EACH) {
  const policy = policyOf(accountsEach);
  for (const strategy of STRATEGY_NAMES) {
    const state = createRoutingState({
      rateLimits: [],
      threshold: 0.8,
      providers: [...policy.accounts].map(([provider, accounts]) => ({ provider, accounts })),
      random: () => 0.5,
    });
    const context = { policy, knowledge: state, strategy, nowMs: NOW_MS };
    taught(state, context);
    const candidates = `${CHAIN.length * accountsEach} candidates`;
    const whole = cost(context);
    const alone = cost({ ...context, knowledge: indifferent(state) });
    process.stdout.write(
      `${strategy.padEnd(16)}${candidates.padEnd(16)}` +
        `${whole.toFixed(1)} µs, of which ${alone.toFixed(1)} µs are not the state's\n`,
    );
  }
}
