import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCatalog } from '../../config/catalog.ts';
import { type LiveModel, type LiveModels, NO_LIVE_MODELS } from '../../config/live-models.ts';
import {
  DEFAULT_MODEL_MAPPING,
  type ModelMapping,
  providerOfModel,
  resolveModel,
} from '../../config/model-mapping.ts';
import type { ListedModel } from '../../ingress/model-list.ts';
import { reachableModels } from '../../ingress/reachable-models.ts';
import { PROVIDER_IDS, type ProviderId } from '../../schemas/provider.ts';

const catalog = loadCatalog();
const OLLAMA = 'openai-compatible-ollama';
const MAPPING: ModelMapping = {
  ...DEFAULT_MODEL_MAPPING,
  providers: [...PROVIDER_IDS, OLLAMA],
};

function list(
  providers: readonly ProviderId[],
  options: { mapping?: ModelMapping; live?: LiveModels } = {},
): readonly ListedModel[] {
  const { mapping = MAPPING, live = NO_LIVE_MODELS } = options;
  return reachableModels({ catalog, providers, mapping, live });
}

function live(id: string, rest: Partial<LiveModel> = {}): LiveModel {
  return {
    id,
    displayName: null,
    createdAt: null,
    contextWindowTokens: null,
    maxOutputTokens: null,
    capabilities: null,
    ...rest,
  };
}

test("Claude's models have their own names, with what the catalog knows", () => {
  const models = list(['vertex-claude']);
  assert.equal(models[0]?.id, 'claude-fable-5-2');
  assert.ok(models.every(({ line }) => line !== null));
  const sonnet = models.find(({ id }) => id === 'claude-sonnet-4-5-20250929');
  assert.deepEqual(
    [sonnet?.createdAt, sonnet?.lifecycle, sonnet?.retiresAt, sonnet?.displayName],
    ['2025-09-29T00:00:00Z', 'deprecated', '2026-11-30T00:00:00Z', 'Claude Sonnet 4.5'],
  );
  assert.deepEqual([sonnet?.contextWindowTokens, sonnet?.maxOutputTokens], [200_000, 64_000]);
});

test('models of others are aliases that the picker shows and that tell their provider', () => {
  const models = list(['vertex-gemini', 'anthropic']);
  const flash = models.find(({ id }) => id === 'anthropic/vertex-gemini/gemini-3.8-flash');
  assert.equal(flash?.displayName, 'Gemini 3.8 Flash (vertex-gemini)');
  assert.equal(flash?.maxOutputTokens, 65_536);
  const isFirst = models.findIndex(({ line }) => line === null);
  assert.ok(
    models.slice(isFirst).every(({ line }) => line === null),
    'Claude comes first',
  );
});

test('only what the providers serve is listed', () => {
  assert.deepEqual(list([]), []);
  assert.deepEqual(list([OLLAMA, 'github-models']), []);
  assert.ok(list(['vertex-gemini']).every(({ id }) => id.startsWith('anthropic/vertex-gemini/')));
});

test('every id is shown by the picker, listed once, and resolves to the model it stands for', () => {
  const models = list([...PROVIDER_IDS, OLLAMA], {
    live: { list: (id) => (id === OLLAMA ? [live('qwen3:14b'), live('claude-copy')] : []) },
  });
  assert.equal(new Set(models.map(({ id }) => id)).size, models.length);
  for (const { id, line } of models) {
    assert.match(id, /claude|anthropic/);
    const named = providerOfModel(id, MAPPING.providers);
    assert.equal(named === null, line !== null, id);
    if (named === null) continue;
    const { upstreamModel } = resolveModel(id, named.provider, MAPPING);
    assert.equal(id, `anthropic/${named.provider}/${upstreamModel}`);
  }
  assert.ok(models.some(({ id }) => id === `anthropic/${OLLAMA}/claude-copy`));
});

test("a provider's own list counts before the catalog", () => {
  const lists: LiveModels = {
    list: (id) =>
      id === 'openrouter'
        ? [
            live('anthropic/claude-opus-5.5'),
            live('google/gemini-2.5-pro', { maxOutputTokens: 1_234 }),
            live('new/model', {
              displayName: 'New: Model',
              createdAt: '2026-11-01T00:00:00Z',
              contextWindowTokens: 9_000,
            }),
          ]
        : [],
  };
  const models = list(['openrouter'], { live: lists });
  assert.deepEqual(
    models.map(({ id, displayName, contextWindowTokens, maxOutputTokens }) => [
      id,
      displayName,
      contextWindowTokens,
      maxOutputTokens,
    ]),
    [
      ['claude-opus-5-5', 'Claude Opus 5.5', 1_000_000, 128_000],
      [
        'anthropic/openrouter/google/gemini-2.5-pro',
        'Gemini 2.5 Pro (openrouter)',
        1_048_576,
        1_234,
      ],
      ['anthropic/openrouter/new/model', 'New: Model (openrouter)', 9_000, null],
    ],
  );
  assert.equal(models[2]?.createdAt, '2026-11-01T00:00:00Z');
});

test('a model that the operator names for a provider is listed', () => {
  const mapping: ModelMapping = {
    ...MAPPING,
    rules: [{ match: 'x', provider: 'github-models', model: 'my-deployment' }],
    tiers: {
      opus: { provider: OLLAMA, model: 'qwen3:32b' },
      haiku: { provider: null, model: 'y' },
    },
  };
  assert.deepEqual(
    list(['github-models', OLLAMA], { mapping }).map(({ id, displayName }) => [id, displayName]),
    [
      ['anthropic/github-models/my-deployment', 'my-deployment (github-models)'],
      [`anthropic/${OLLAMA}/qwen3:32b`, `Qwen3 32B (${OLLAMA})`],
    ],
  );
});

test('a name that no request may carry is not listed', () => {
  const name = 'x'.repeat(200);
  assert.deepEqual(list([OLLAMA], { live: { list: () => [live(name)] } }), []);
});
