import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../config/limits.ts';
import { ROUTING_RULE_NAMES, type RoutingRule } from '../../config/routing-rules.ts';
import { decide } from '../../router/decide.ts';
import type { SessionHome } from '../../router/knowledge.ts';
import { PROVIDER_IDS, type ProviderId } from '../../schemas/provider.ts';
import { REQUEST_CLASSES } from '../../schemas/request-class.ts';
import { STRATEGY_NAMES } from '../../schemas/routing.ts';
import { type FakeTarget, fakeKnowledge } from './support/fake-knowledge.ts';
import { PRICES, policyFor, requestFor } from './support/routing.ts';

const ALL: readonly ProviderId[] = [...PROVIDER_IDS, 'openai-compatible-ollama'];
const ACCOUNTS = ['KEY_1', 'KEY_2', 'KEY_3'] as const;
const MODELS = [
  'claude-sonnet-5-5',
  'claude-haiku-4-5[1m]',
  'claude-opus-99',
  'gemini-2.5-pro',
  'gemini/gemini-2.5-pro',
  'ollama/qwen3:14b',
  'github/gpt-4o',
  'unknown',
  '/',
  '',
] as const;

const milliseconds = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3_000 }), fc.nat(600_000));
const share = fc.double({ min: 0, max: 1, noNaN: true });
const target: fc.Arbitrary<FakeTarget> = fc.record({
  forecast: fc.record({
    headroom: share,
    isOverThreshold: fc.boolean(),
    closedForMs: fc.oneof(fc.constant(0), milliseconds),
    limitedBy: fc.constantFrom(null, 'requests', 'tokens'),
  }),
  circuit: fc.record({
    state: fc.constantFrom('closed', 'closed', 'suspect', 'open', 'half_open', 'blocked'),
    cause: fc.constantFrom(null, 'timeout', 'credential'),
    backInMs: fc.option(milliseconds, { nil: null }),
    mayProbe: fc.boolean(),
    weight: fc.double({ min: 0.1, max: 1, noNaN: true }),
  }),
  speed: fc.record({
    firstContentMs: milliseconds,
    outputTokensPerSecond: fc.double({ min: 0, max: 1_000, noNaN: true }),
  }),
  successProbability: share,
  hasRetryBudget: fc.boolean(),
});
const provider = fc.constantFrom(...ALL);
const rule: fc.Arbitrary<RoutingRule> = fc.record({
  provider: fc.option(provider, { nil: null }),
  model: fc.option(fc.constantFrom('qwen/qwen3-coder', 'gemini-2.5-flash', 'claude-haiku-4-5')),
});
const home: fc.Arbitrary<SessionHome> = fc.record({
  provider,
  account: fc.constantFrom(...ACCOUNTS),
  upstreamModel: fc.constantFrom('claude-sonnet-5-5', 'anthropic/claude-sonnet-5.5'),
  cachedTokens: fc.nat(200_000),
  warmForMs: milliseconds,
});
const scenario = fc.record({
  chain: fc.uniqueArray(provider, { maxLength: 7 }),
  accounts: fc.array(fc.subarray([...ACCOUNTS]), { minLength: 7, maxLength: 7 }),
  targets: fc.array(target, { minLength: 21, maxLength: 21 }),
  maintenance: fc.subarray([...ALL], { maxLength: 3 }),
  routes: fc.dictionary(fc.constantFrom(...ROUTING_RULE_NAMES), rule),
  homes: fc.array(home, { maxLength: 3 }),
  strategy: fc.constantFrom(...STRATEGY_NAMES),
  isCostOptimized: fc.boolean(),
  price: fc.double({ min: 0, max: 1e9, noNaN: true }),
  facts: fc.record({
    requestModel: fc.constantFrom(...MODELS),
    inputTokensEstimate: fc.nat(2_000_000),
    hasTools: fc.boolean(),
    hasImages: fc.boolean(),
    hasThinking: fc.boolean(),
    hasWebSearch: fc.boolean(),
    sessionId: fc.constantFrom(null, 's1', 's2'),
    requestClass: fc.constantFrom(...REQUEST_CLASSES),
    operation: fc.constantFrom('messages', 'count_tokens'),
    cacheTtlMs: fc.constantFrom(0, 300_000, 3_600_000),
  }),
  request: fc.record({
    requestId: fc.string(),
    pinned: fc.option(provider, { nil: null, freq: 4 }),
    hasWaited: fc.boolean(),
    failed: fc.array(
      fc.record({
        provider,
        account: fc.option(fc.constantFrom(...ACCOUNTS), { nil: null }),
        status: fc.constantFrom(400, 401, 429, 500, 529),
        errorType: fc.constant('api_error'),
      }),
      { maxLength: 3 },
    ),
  }),
});
type Scenario = typeof scenario extends fc.Arbitrary<infer Value> ? Value : never;

function run(given: Scenario) {
  const accounts = new Map(ALL.map((id, index) => [id, given.accounts[index] ?? []]));
  const targets = Object.fromEntries(
    ALL.flatMap((id, place) =>
      ACCOUNTS.map((account, index) => [
        `${id}/${account}`,
        given.targets[place * ACCOUNTS.length + index] ?? {},
      ]),
    ),
  );
  const policy = policyFor(given.chain, {
    accounts,
    rules: { routes: given.routes, longContextTokens: 60_000 },
    isCostOptimized: given.isCostOptimized,
    prices: () => ({ ...PRICES, input: given.price, output: given.price }),
  });
  const knowledge = fakeKnowledge({ targets, homes: given.homes, maintenance: given.maintenance });
  const request = requestFor(given.facts, given.request);
  return decide(request, { policy, knowledge, strategy: given.strategy, nowMs: 1_000 });
}

test('a decision holds what it promises, whatever a router knows', () => {
  fc.assert(
    fc.property(scenario, (given) => {
      const { decision, first, explain } = run(given);
      const { targets } = decision;
      const { candidates } = explain();
      const eligible = candidates.filter(({ isEligible }) => isEligible);

      const keys = targets.map(({ provider: id, account }) => `${id}/${account}`);
      assert.equal(new Set(keys).size, keys.length, 'a target twice');
      assert.ok(targets.length <= LIMITS.targetsMax);
      for (const { provider: id } of targets) {
        assert.ok(given.chain.includes(id));
        assert.ok(!given.maintenance.includes(id), 'a provider in maintenance');
        assert.ok(given.request.pinned === null || id === given.request.pinned);
      }
      // Somebody is refused only when nobody is left.
      assert.equal(targets.length === 0, eligible.length === 0);
      assert.equal(decision.refusal === null, targets.length > 0);
      assert.equal(decision.reason === 'nobody', targets.length === 0);
      assert.equal(first === null, targets.length === 0);
      if (first !== null) {
        assert.equal(`${first.target.provider}/${first.target.account}`, keys[0]);
      }

      const levels = eligible.map(({ standing }) => standing === 'out');
      assert.deepEqual(levels, levels.toSorted(), 'one that is out before one that is not');
      const isWaiting = decision.reason === 'waiting';
      assert.equal(decision.waitMs > 0, isWaiting);
      assert.ok(decision.waitMs <= LIMITS.rateLimitWaitMsMax + 100);
      if (isWaiting) assert.ok(!given.request.hasWaited && levels.every(Boolean));
      assert.ok(eligible.every(({ score }) => Number.isFinite(score)));
    }),
    { numRuns: 2_000 },
  );
});

test('the same question gets the same answer', () => {
  fc.assert(
    fc.property(scenario, (given) => {
      assert.deepEqual(run(given).decision, run(given).decision);
    }),
    { numRuns: 200 },
  );
});
