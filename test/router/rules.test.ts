import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_MODEL_MAPPING, resolveModel } from '../../config/model-mapping.ts';
import {
  ROUTING_RULE_NAMES,
  type RoutingRule,
  type RoutingRuleName,
} from '../../config/routing-rules.ts';
import { ruleFor } from '../../router/class-rules.ts';
import type { RouterPolicy } from '../../router/policy.ts';
import type { RequestFacts, RouteRequest } from '../../schemas/envelope.ts';
import { decided, policyFor, requestFor } from './support/routing.ts';

const LONG = 60_000;
const ANY: RoutingRule = { provider: 'openrouter', model: null };

function applied(
  facts: Partial<RequestFacts>,
  names: readonly RoutingRuleName[] = ROUTING_RULE_NAMES,
): RoutingRuleName | null {
  const routes = Object.fromEntries(names.map((name) => [name, ANY]));
  const rule = ruleFor(requestFor(facts).facts, { routes, longContextTokens: LONG });
  return rule?.name ?? null;
}

test('each kind of request has its rule', () => {
  for (const [facts, name] of [
    [{ hasImages: true }, 'image'],
    [{ hasWebSearch: true }, 'webSearch'],
    [{ inputTokensEstimate: LONG + 1 }, 'longContext'],
    [{ inputTokensEstimate: LONG }, 'default'],
    [{ requestClass: 'compaction' }, 'compaction'],
    [{ requestClass: 'title' }, 'title'],
    [{ requestClass: 'subagent' }, 'subagent'],
    [{ requestClass: 'auxiliary' }, 'background'],
    [{ requestModel: 'claude-3-5-haiku-20241022' }, 'background'],
    [{ requestModel: 'anthropic/claude-haiku-9' }, 'background'],
    [{ requestModel: 'not-claude-haiku' }, 'default'],
    [{ hasThinking: true }, 'think'],
    [{}, 'default'],
  ] as const) {
    assert.equal(applied(facts), name, JSON.stringify(facts));
  }
});

test('the most specific rule that there is applies', () => {
  const all: Partial<RequestFacts> = {
    hasImages: true,
    hasWebSearch: true,
    inputTokensEstimate: LONG + 1,
    requestClass: 'title',
    requestModel: 'claude-haiku-5-5',
    hasThinking: true,
  };
  const order = ROUTING_RULE_NAMES.filter((name) => name !== 'compaction' && name !== 'subagent');
  for (const [index, name] of order.entries()) assert.equal(applied(all, order.slice(index)), name);
  assert.equal(applied(all, ['compaction', 'subagent']), null);
  assert.equal(applied({}, ['think', 'background']), null);
  assert.equal(applied({ requestClass: 'title' }, ['background']), 'background');
});

const CHAIN = ['anthropic', 'openrouter', 'vertex-gemini'] as const;

function targets(
  routes: RouterPolicy['rules']['routes'],
  {
    facts = {},
    request = {},
    mapping = {},
  }: {
    facts?: Partial<RequestFacts>;
    request?: Partial<Omit<RouteRequest, 'facts'>>;
    mapping?: Partial<RouterPolicy['mapping']>;
  } = {},
) {
  const policy = policyFor(CHAIN, {
    rules: { routes, longContextTokens: LONG },
    mapping: { ...DEFAULT_MODEL_MAPPING, ...mapping },
  });
  const { decision, first, explain } = decided(requestFor(facts, request), { policy });
  return {
    reason: decision.reason,
    order: decision.targets.map(({ provider, model }) => [provider, model]),
    upstreamModel: first?.target.upstreamModel,
    rule: explain().rule,
  };
}

test('a rule prefers its provider and asks it for its model; the others follow with the client’s', () => {
  const rule = { provider: 'openrouter', model: 'qwen/qwen3-coder' } as const;
  assert.deepEqual(targets({ default: rule }), {
    reason: 'rule',
    order: [
      ['openrouter', 'qwen/qwen3-coder'],
      ['anthropic', null],
      ['vertex-gemini', null],
    ],
    upstreamModel: 'qwen/qwen3-coder',
    rule: 'default: openrouter,qwen/qwen3-coder',
  });
});

test('a model without a provider is preferred wherever it is served', () => {
  const { order } = targets({ default: { provider: null, model: 'gemini-2.5-flash' } });
  assert.deepEqual(order, [
    ['openrouter', 'gemini-2.5-flash'],
    ['vertex-gemini', 'gemini-2.5-flash'],
    ['anthropic', null],
  ]);
});

test('a provider in the model’s name stands above all rules', () => {
  const facts = { requestModel: 'gemini/gemini-2.5-pro', hasImages: true };
  const { reason, order, rule } = targets({ image: ANY, default: ANY }, { facts });
  assert.deepEqual(order, [['vertex-gemini', null]]);
  assert.deepEqual([reason, rule], ['only_candidate', null]);
});

test('a rule for a provider that is not there changes nothing', () => {
  const { reason, order } = targets({ default: { provider: 'github-models', model: 'gpt-4o' } });
  assert.deepEqual(
    order.map(([provider, model]) => [provider, model]),
    CHAIN.map((provider) => [provider, null]),
  );
  assert.equal(reason, 'availability');
});

test('on a pinned port a rule still says what to ask for', () => {
  const rule = { provider: 'openrouter', model: 'qwen/qwen3-coder' } as const;
  const pinned = targets({ default: rule }, { request: { pinned: 'openrouter' } });
  assert.deepEqual(pinned.order, [['openrouter', 'qwen/qwen3-coder']]);
  assert.equal(pinned.reason, 'pinned');
  const other = targets({ default: rule }, { request: { pinned: 'anthropic' } });
  assert.deepEqual(other.order, [['anthropic', null]]);
});

test('the model mapping stands above the default rule and below the others', () => {
  const mapping = {
    tiers: { sonnet: { provider: 'vertex-gemini', model: 'gemini-2.5-pro' } },
  } as const;
  assert.equal(targets({ default: ANY }, { mapping }).order[0]?.[0], 'vertex-gemini');
  assert.equal(targets({ think: ANY }, { mapping }).order[0]?.[0], 'vertex-gemini');
  const facts = { hasThinking: true };
  assert.equal(targets({ think: ANY }, { mapping, facts }).order[0]?.[0], 'openrouter');
});

test('the model of a rule is asked for whatever the mapping says about its name', () => {
  const rules = [{ match: '*', provider: 'openrouter', model: 'mapped/away' }] as const;
  const mapping = { ...DEFAULT_MODEL_MAPPING, rules };
  const rule = { provider: 'openrouter', model: 'qwen/qwen3-coder' } as const;
  const facts = { hasThinking: true };
  const { order, upstreamModel } = targets({ think: rule }, { mapping, facts });
  const travelling = order[0]?.[1];
  assert.equal(upstreamModel, 'qwen/qwen3-coder');
  assert.equal(typeof travelling, 'string');
  assert.equal(
    resolveModel(String(travelling), 'openrouter', mapping).upstreamModel,
    'qwen/qwen3-coder',
  );
});
