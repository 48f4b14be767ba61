import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_MODEL_MAPPING, type ModelMapping } from '../../config/model-mapping.ts';
import { fitOf, type ModelNeeds } from '../../router/fit.ts';
import { type PlannedTarget, planFor } from '../../router/plan.ts';
import type { RequestFacts, RouteRequest } from '../../schemas/envelope.ts';
import { PROVIDER_IDS, type ProviderId } from '../../schemas/provider.ts';
import { decided, policyFor, providersOf, requestFor } from './support/routing.ts';

const CHAIN: readonly ProviderId[] = [
  ...(['vertex-claude', 'anthropic', 'vertex-gemini', 'openrouter', 'openai-compatible'] as const),
  'openai-compatible-ollama',
];
const MAPPING: ModelMapping = {
  ...DEFAULT_MODEL_MAPPING,
  providers: [...PROVIDER_IDS, 'openai-compatible-ollama'],
};

function providers(
  facts: Partial<RequestFacts>,
  options: {
    mapping?: ModelMapping;
    chain?: readonly ProviderId[];
    request?: Partial<Omit<RouteRequest, 'facts'>>;
  } = {},
): readonly ProviderId[] {
  const { mapping = MAPPING, chain = CHAIN, request } = options;
  const policy = policyFor(chain, { mapping });
  return providersOf(
    decided(requestFor(facts, request), { policy, knows: { outputTokens: 1_000 } }),
  );
}

test("Claude's names leave the chain as it is, servers that name their own models are last", () => {
  for (const requestModel of [
    'claude-opus-5-5',
    'claude-sonnet-9[1m]',
    'anthropic/claude-opus-4.5',
  ]) {
    assert.deepEqual(providers({ requestModel }), CHAIN);
  }
});

test('a name with a prefix goes to that provider only', () => {
  for (const [requestModel, provider] of [
    ['openrouter/qwen/qwen3-coder', 'openrouter'],
    ['anthropic/vertex-gemini/gemini-2.5-pro', 'vertex-gemini'],
    ['ollama/qwen3:14b', 'openai-compatible-ollama'],
    ['gemini/claude-opus-5-5', 'vertex-gemini'],
  ] as const) {
    assert.deepEqual(providers({ requestModel }), [provider]);
  }
  assert.deepEqual(providers({ requestModel: 'github/gpt-4o' }), []);
  assert.deepEqual(
    providers({ requestModel: 'gemini/x' }, { request: { pinned: 'openrouter' } }),
    [],
  );
});

test('who has the model comes first, who may have it next, who lacks it not at all', () => {
  assert.deepEqual(providers({ requestModel: 'gemini-3.1-pro-preview' }), [
    'vertex-gemini',
    'openrouter',
    'openai-compatible',
    'openai-compatible-ollama',
  ]);
  assert.deepEqual(providers({ requestModel: 'gemini-9-ultra' }), CHAIN);
  const pinned = { request: { pinned: 'anthropic' } } as const;
  assert.deepEqual(providers({ requestModel: 'gemini-2.5-pro' }, pinned), ['anthropic']);
});

test('a window must hold the prompt and the answer, as long as others do', () => {
  const requestModel = 'claude-haiku-4-5';
  const chain = ['vertex-claude', 'vertex-gemini', 'openrouter'] as const;
  const given = (inputTokensEstimate: number) => ({ requestModel, inputTokensEstimate });
  assert.deepEqual(providers(given(199_000), { chain }), chain);
  assert.deepEqual(providers(given(199_001), { chain }), ['vertex-gemini']);
  const small = ['vertex-claude', 'anthropic'] as const;
  assert.deepEqual(providers(given(300_000), { chain: small }), small);
  const marked = { requestModel: 'claude-sonnet-4-5[1m]', inputTokensEstimate: 300_000 };
  assert.deepEqual(providers(marked, { chain }), chain);
});

test('with images, a model that sees none comes last', () => {
  const mapping: ModelMapping = {
    ...MAPPING,
    tiers: { opus: { provider: null, model: 'qwen/qwen3-coder' } },
  };
  const requestModel = 'claude-opus-5-5';
  const chain = ['openrouter', 'vertex-claude'] as const;
  assert.deepEqual(
    providers({ requestModel, hasImages: true }, { mapping, chain }),
    chain.toReversed(),
  );
  assert.deepEqual(providers({ requestModel }, { mapping, chain }), chain);
});

test('a web search goes to who can search, as long as there is one', () => {
  const hasWebSearch = true;
  assert.deepEqual(providers({ hasWebSearch }), CHAIN.slice(0, 4));
  const chain = ['openai-compatible', 'openai-compatible-ollama'] as const;
  assert.deepEqual(providers({ hasWebSearch }, { chain }), chain);
  assert.deepEqual(providers({ hasThinking: true }, { chain }), chain);
});

test('the provider that the model mapping names comes first, the others stay behind it', () => {
  const mapping: ModelMapping = {
    ...MAPPING,
    rules: [{ match: '*haiku*', provider: 'openrouter', model: 'qwen/qwen3-coder' }],
    tiers: { opus: { provider: 'openai-compatible-ollama', model: 'qwen3:14b' } },
  };
  assert.equal(providers({ requestModel: 'claude-haiku-5-5' }, { mapping })[0], 'openrouter');
  assert.deepEqual(providers({ requestModel: 'claude-opus-5-5' }, { mapping }), [
    'openai-compatible-ollama',
    ...CHAIN.slice(0, -1),
  ]);
});

test('a provider that failed is out; what is about an account leaves the others', () => {
  const policy = policyFor(['anthropic', 'openrouter'], { accountsEach: 2 });
  const targets = (status: number, account: string | null) => {
    const failed = [{ provider: 'openrouter', account, status, errorType: 'x' }] as const;
    return decided(requestFor({}, { failed, pinned: 'openrouter' }), {
      policy,
    }).decision.targets.map((target) => target.account);
  };
  for (const status of [401, 402, 403, 429]) {
    assert.deepEqual(targets(status, 'KEY_2'), ['KEY_1']);
    assert.deepEqual(targets(status, null), ['KEY_2']);
  }
  for (const status of [400, 404, 500, 529]) assert.deepEqual(targets(status, 'KEY_2'), []);
});

const PLAIN = planFor(
  { requestModel: 'claude-opus-5-5', rule: null },
  policyFor(['openrouter']),
)[0];
const NEEDS: ModelNeeds = {
  bodyBytes: 4_000,
  hasTools: true,
  hasWebSearch: false,
  tokens: 1_000,
};

function fit(all: readonly PlannedTarget[], needs: Partial<ModelNeeds> = {}) {
  const { fitting, excluded } = fitOf(
    all,
    { ...NEEDS, ...needs },
    { failed: [], accounts: new Map(), isInMaintenance: () => false },
  );
  return { fitting, excluded: excluded.map(({ planned, why }) => [planned.account, why]) };
}

test('a model without tools is left out of a request with tools', () => {
  assert.ok(PLAIN !== undefined);
  const toolless = { ...PLAIN, account: 'KEY_2', hasTools: false };
  assert.deepEqual(fit([toolless, PLAIN]), { fitting: [PLAIN], excluded: [['KEY_2', 'tools']] });
  assert.deepEqual(fit([toolless, PLAIN], { hasTools: false }).excluded, []);
  assert.deepEqual(fit([toolless]).fitting, [toolless]);
});

test('a model that a rule prefers gives way to the client’s own where it does not fit', () => {
  assert.ok(PLAIN !== undefined);
  const otherwise = { ...PLAIN, contextWindowTokens: 200_000 };
  const ruled = { ...PLAIN, model: 'small', contextWindowTokens: 8_000, otherwise };
  assert.deepEqual(fit([ruled]).fitting, [ruled]);
  assert.deepEqual(fit([ruled], { tokens: 9_000 }).fitting, [otherwise]);
});

test('Claude elsewhere is the same model, its stand-in is not', () => {
  const same = (requestModel: string, provider: ProviderId, mapping = MAPPING) =>
    planFor({ requestModel, rule: null }, policyFor([provider], { mapping }))[0]?.isSameModel;
  assert.equal(same('claude-opus-5-5', 'openrouter'), true);
  assert.equal(same('claude-opus-77', 'vertex-claude'), true);
  assert.equal(same('claude-opus-5-5', 'vertex-gemini'), false);
  assert.equal(same('gemini-2.5-pro', 'vertex-gemini'), true);
  assert.equal(same('some-model', 'openai-compatible'), true);
  const tiers = { opus: { provider: null, model: 'qwen/qwen3-coder' } };
  assert.equal(same('claude-opus-5-5', 'openrouter', { ...MAPPING, tiers }), false);
});
