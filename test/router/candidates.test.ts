import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_MODEL_MAPPING, type ModelMapping } from '../../config/model-mapping.ts';
import { candidates, groupByFit } from '../../router/candidates.ts';
import { decide } from '../../router/start.ts';
import type { RequestFacts, RouteRequest } from '../../schemas/envelope.ts';
import { PROVIDER_IDS, type ProviderId } from '../../schemas/provider.ts';

const CHAIN: readonly ProviderId[] = [
  ...(['vertex-claude', 'anthropic', 'vertex-gemini', 'openrouter', 'openai-compatible'] as const),
  'openai-compatible-ollama',
];
const MAPPING: ModelMapping = {
  ...DEFAULT_MODEL_MAPPING,
  providers: [...PROVIDER_IDS, 'openai-compatible-ollama'],
};

function requestFor(
  facts: Partial<RequestFacts>,
  rest: Partial<Pick<RouteRequest, 'pinned' | 'failed'>> = {},
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
      requestModel: 'claude-opus-5-5',
      isStream: true,
      maxOutputTokens: 100,
      bodyBytes: 10,
      inputTokensEstimate: 3,
      hasTools: false,
      hasThinking: false,
      hasImages: false,
      sessionId: null,
      agentId: null,
      hasWebSearch: false,
      requestClass: 'main',
      cacheTtlMs: 0,
      ...facts,
    },
  };
}

function groups(
  facts: Partial<RequestFacts>,
  options: { mapping?: ModelMapping; chain?: readonly ProviderId[]; pinned?: ProviderId } = {},
): readonly (readonly ProviderId[])[] {
  const request = requestFor(facts, { pinned: options.pinned ?? null });
  const all = candidates(options.chain ?? CHAIN, request);
  return groupByFit(all, request, options.mapping ?? MAPPING).map((group) =>
    group.map(({ provider }) => provider),
  );
}

test("Claude's names leave the chain as it is", () => {
  for (const requestModel of [
    'claude-opus-5-5',
    'claude-sonnet-9[1m]',
    'anthropic/claude-opus-4.5',
  ]) {
    assert.deepEqual(groups({ requestModel }), [CHAIN]);
  }
});

test('a name with a prefix goes to that provider only', () => {
  for (const [requestModel, provider] of [
    ['openrouter/qwen/qwen3-coder', 'openrouter'],
    ['anthropic/vertex-gemini/gemini-2.5-pro', 'vertex-gemini'],
    ['ollama/qwen3:14b', 'openai-compatible-ollama'],
    ['gemini/claude-opus-5-5', 'vertex-gemini'],
  ] as const) {
    assert.deepEqual(groups({ requestModel }), [[provider]]);
  }
  assert.deepEqual(groups({ requestModel: 'github/gpt-4o' }).flat(), []);
  assert.deepEqual(groups({ requestModel: 'gemini/x' }, { pinned: 'openrouter' }).flat(), []);
});

test('who has the model comes first, who may have it next, who lacks it not at all', () => {
  assert.deepEqual(groups({ requestModel: 'gemini-3.1-pro-preview' }), [
    ['vertex-gemini', 'openrouter'],
    ['openai-compatible', 'openai-compatible-ollama'],
  ]);
  assert.deepEqual(groups({ requestModel: 'gemini-9-ultra' }), [CHAIN]);
  assert.deepEqual(groups({ requestModel: 'gemini-2.5-pro' }, { pinned: 'anthropic' }), [
    ['anthropic'],
  ]);
});

test('a model whose window is too small is left out while others fit', () => {
  const requestModel = 'claude-haiku-4-5';
  const inputTokensEstimate = 300_000;
  const chain = ['vertex-claude', 'vertex-gemini', 'openrouter'] as const;
  assert.deepEqual(groups({ requestModel, inputTokensEstimate }, { chain }), [['vertex-gemini']]);
  assert.deepEqual(groups({ requestModel, inputTokensEstimate: 200_000 }, { chain }), [chain]);
  const small = ['vertex-claude', 'anthropic'] as const;
  assert.deepEqual(groups({ requestModel, inputTokensEstimate }, { chain: small }), [small]);
  const marked = { requestModel: 'claude-sonnet-4-5[1m]', inputTokensEstimate };
  assert.deepEqual(groups(marked, { chain }), [chain]);
});

test('with images, a model that sees none comes last', () => {
  const mapping: ModelMapping = {
    ...MAPPING,
    tiers: { opus: { provider: null, model: 'qwen/qwen3-coder' } },
  };
  const chain = ['openrouter', 'vertex-claude'] as const;
  assert.deepEqual(groups({ hasImages: true }, { mapping, chain }), [
    ['vertex-claude'],
    ['openrouter'],
  ]);
  assert.deepEqual(groups({ hasImages: false }, { mapping, chain }), [chain]);
});

test('the provider that a rule names comes first, the others stay behind it', () => {
  const mapping: ModelMapping = {
    ...MAPPING,
    rules: [{ match: '*haiku*', provider: 'openrouter', model: 'qwen/qwen3-coder' }],
    tiers: { opus: { provider: 'openai-compatible-ollama', model: 'qwen3:14b' } },
  };
  assert.deepEqual(groups({ requestModel: 'claude-haiku-5-5' }, { mapping })[0], ['openrouter']);
  const [first, rest] = groups({ requestModel: 'claude-opus-5-5' }, { mapping });
  assert.deepEqual(first, ['openai-compatible-ollama']);
  assert.deepEqual(rest, CHAIN.slice(0, -1));
});

test('decide() keeps the groups in order, whatever the strategy does within', () => {
  const request = requestFor({ requestModel: 'gemini-3.1-pro-preview' });
  const decision = decide(request, { chain: CHAIN, strategy: 'availability' });
  assert.deepEqual(
    decision.targets.map(({ provider }) => provider),
    ['vertex-gemini', 'openrouter', 'openai-compatible', 'openai-compatible-ollama'],
  );
});
