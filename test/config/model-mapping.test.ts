import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { loadCatalog } from '../../config/catalog.ts';
import {
  clampMaxTokens,
  DEFAULT_MODEL_MAPPING,
  type ModelMapping,
  providerOfModel,
  resolveModel,
  servesModel,
} from '../../config/model-mapping.ts';
import { PROVIDER_IDS, type ProviderId } from '../../schemas/provider.ts';

const catalog = loadCatalog();
const PRO = 'gemini-3.1-pro-preview';
const FLASH = 'gemini-3.8-flash';

function upstream(name: string, provider: ProviderId, mapping?: ModelMapping): string {
  return resolveModel(name, provider, mapping).upstreamModel;
}

// name → anthropic, vertex-claude, openrouter, vertex-gemini
const CLAUDE = [
  ['claude-fable-5-2', '=', '=', 'anthropic/claude-fable-5.2', PRO],
  ['claude-mythos-5-2', '=', '=', 'anthropic/claude-mythos-5.2', PRO],
  ['claude-mythos-preview', '=', '=', 'anthropic/claude-mythos-preview', PRO],
  ['claude-opus-5-5', '=', '=', 'anthropic/claude-opus-5.5', PRO],
  ['claude-sonnet-5', '=', '=', 'anthropic/claude-sonnet-5', PRO],
  ['claude-opus-4-8', '=', '=', 'anthropic/claude-opus-4.8', PRO],
  ['claude-sonnet-4-6', '=', '=', 'anthropic/claude-sonnet-4.6', PRO],
  ['claude-opus-4-6-20260205', '=', 'claude-opus-4-6', 'anthropic/claude-opus-4.6', PRO],
  ['claude-opus-4-5', '=', 'claude-opus-4-5@20251101', 'anthropic/claude-opus-4.5', PRO],
  ['claude-haiku-4-5', '=', 'claude-haiku-4-5@20251001', 'anthropic/claude-haiku-4.5', FLASH],
  [
    'claude-haiku-4-5-20251001',
    '=',
    'claude-haiku-4-5@20251001',
    'anthropic/claude-haiku-4.5',
    FLASH,
  ],
  [
    'claude-haiku-4-5-20260101',
    '=',
    'claude-haiku-4-5@20260101',
    'anthropic/claude-haiku-4.5',
    FLASH,
  ],
  [
    'claude-sonnet-4-5-20250929',
    '=',
    'claude-sonnet-4-5@20250929',
    'anthropic/claude-sonnet-4.5',
    PRO,
  ],
  ['claude-opus-4-1', '=', 'claude-opus-4-1@20250805', 'anthropic/claude-opus-4.1', PRO],
  ['claude-opus-4-20250514', '=', 'claude-opus-4@20250514', 'anthropic/claude-opus-4', PRO],
  ['claude-sonnet-4-0', '=', 'claude-sonnet-4@20250514', 'anthropic/claude-sonnet-4', PRO],
  [
    'claude-3-7-sonnet-latest',
    '=',
    'claude-3-7-sonnet@20250219',
    'anthropic/claude-3.7-sonnet',
    PRO,
  ],
  [
    'claude-3-5-sonnet-20241022',
    '=',
    'claude-3-5-sonnet-v2@20241022',
    'anthropic/claude-3.5-sonnet',
    PRO,
  ],
  [
    'claude-3-5-sonnet-20240620',
    '=',
    'claude-3-5-sonnet@20240620',
    'anthropic/claude-3.5-sonnet',
    PRO,
  ],
  [
    'claude-3-5-haiku-20241022',
    '=',
    'claude-3-5-haiku@20241022',
    'anthropic/claude-3.5-haiku',
    FLASH,
  ],
  ['claude-3-opus-20240229', '=', 'claude-3-opus@20240229', 'anthropic/claude-3-opus', PRO],
  ['claude-3-haiku-20240307', '=', 'claude-3-haiku@20240307', 'anthropic/claude-3-haiku', FLASH],
  // To come: by rule.
  ['claude-sonnet-7', '=', '=', 'anthropic/claude-sonnet-7', PRO],
  [
    'claude-haiku-6-5-20270101',
    '=',
    'claude-haiku-6-5@20270101',
    'anthropic/claude-haiku-6.5',
    FLASH,
  ],
] as const;

// Other spellings → Anthropic's
const SPELLINGS = [
  ['claude-haiku-4-5@20251001', 'claude-haiku-4-5-20251001'],
  ['claude-haiku-4.5', 'claude-haiku-4-5-20251001'],
  ['anthropic/claude-haiku-4.5', 'claude-haiku-4-5-20251001'],
  ['anthropic/claude-4.5-haiku-20251001', 'claude-haiku-4-5-20251001'],
  ['claude-via-claude-haiku-4-5', 'claude-haiku-4-5'],
  ['anthropic/claude-haiku-4-5[1m]', 'claude-haiku-4-5'],
  ['claude-4.6-sonnet', 'claude-sonnet-4-6'],
  ['anthropic/claude-4.6-sonnet-20260217', 'claude-sonnet-4-6'],
  ['claude-opus-5-5[1m]', 'claude-opus-5-5'],
  ['claude-opus-5.5', 'claude-opus-5-5'],
  ['claude-3.5-sonnet', 'claude-3-5-sonnet-20241022'],
  ['claude-3-5-sonnet-v2@20241022', 'claude-3-5-sonnet-20241022'],
  ['claude-sonnet-4@20250514', 'claude-sonnet-4-20250514'],
  ['anthropic/claude-opus-4', 'claude-opus-4-20250514'],
  ['opus', 'claude-opus-5-5'],
] as const;

describe('a Claude name becomes the right id of each provider', () => {
  for (const [name, anthropic, vertex, openrouter, gemini] of CLAUDE) {
    test(name, () => {
      for (const mark of ['', '[1m]']) {
        const given = `${name}${mark}`;
        assert.equal(upstream(given, 'anthropic'), anthropic === '=' ? name : anthropic);
        assert.equal(upstream(given, 'vertex-claude'), vertex === '=' ? name : vertex);
        assert.equal(upstream(given, 'openrouter'), openrouter);
        assert.equal(upstream(given, 'vertex-gemini'), gemini);
        assert.equal(upstream(given, 'openai-compatible'), name);
        assert.equal(upstream(given, 'openai-compatible-ollama'), name);
        assert.equal(upstream(given, 'github-models'), name);
      }
    });
  }
});

describe('a spelling means the same model everywhere', () => {
  for (const [given, anthropic] of SPELLINGS) {
    test(given, () => {
      assert.equal(upstream(given, 'anthropic'), anthropic);
      for (const provider of ['vertex-claude', 'openrouter', 'vertex-gemini'] as const) {
        assert.deepEqual(resolveModel(given, provider), resolveModel(anthropic, provider));
      }
    });
  }
});

test('every Claude name of the catalog, however spelled, is an id of the catalog at each provider', () => {
  for (const model of catalog.models.filter(({ line }) => line !== null)) {
    for (const provider of ['anthropic', 'vertex-claude', 'openrouter'] as const) {
      const expected = model.ids[provider];
      if (expected === undefined) continue;
      for (const name of Object.values(model.ids)) {
        if (provider === 'anthropic' && name === model.ids['vertex-claude']) continue;
        // Several snapshots share a name at OpenRouter.
        if (name === model.ids.openrouter && model.id === 'claude-3-5-sonnet-20240620') continue;
        assert.equal(upstream(name, provider), expected, `${name} at ${provider}`);
        assert.equal(resolveModel(name, provider).model?.id, model.id);
      }
    }
  }
});

describe('names of other makers', () => {
  for (const [name, provider, expected, known] of [
    ['gemini-2.5-pro', 'vertex-gemini', 'gemini-2.5-pro', true],
    ['gemini-2.5-pro', 'openrouter', 'google/gemini-2.5-pro', true],
    ['google/gemini-2.5-pro', 'vertex-gemini', 'gemini-2.5-pro', true],
    ['claude-via-gemini-2.5-pro', 'vertex-gemini', 'gemini-2.5-pro', true],
    ['anthropic/gemini-3.1-pro', 'vertex-gemini', PRO, true],
    ['gemini-9-ultra', 'vertex-gemini', 'gemini-9-ultra', false],
    ['gpt-4.1', 'openrouter', 'openai/gpt-4.1', true],
    ['gpt-4.1', 'github-models', 'gpt-4.1', true],
    ['openai/gpt-4.1', 'openai-compatible', 'openai/gpt-4.1', true],
    ['qwen3:14b', 'openai-compatible-ollama', 'qwen3:14b', true],
    ['qwen/qwen3-coder:free', 'openrouter', 'qwen/qwen3-coder:free', false],
    ['anthropic/claude-opus-4.6-fast', 'openrouter', 'anthropic/claude-opus-4.6-fast', false],
    ['my-model', 'openai-compatible', 'my-model', false],
    ['my-model', 'anthropic', 'my-model', false],
    ['constructor', 'openrouter', 'constructor', false],
  ] as const) {
    test(`${name} is ${expected} at ${provider}`, () => {
      const { upstreamModel, model } = resolveModel(name, provider);
      assert.equal(upstreamModel, expected);
      assert.equal(model !== null, known);
    });
  }
});

test('a prefix names the provider, also behind what the model picker wants', () => {
  const providers: readonly ProviderId[] = [...PROVIDER_IDS, 'openai-compatible-groq'];
  for (const [name, provider, model] of [
    ['vertex-gemini/gemini-2.5-pro', 'vertex-gemini', 'gemini-2.5-pro'],
    ['gemini/gemini-2.5-pro[1m]', 'vertex-gemini', 'gemini-2.5-pro'],
    ['github/gpt-4o', 'github-models', 'gpt-4o'],
    ['openrouter/qwen/qwen3-coder', 'openrouter', 'qwen/qwen3-coder'],
    ['anthropic/openrouter/qwen/qwen3-coder', 'openrouter', 'qwen/qwen3-coder'],
    ['anthropic/anthropic/claude-opus-5-5', 'anthropic', 'claude-opus-5-5'],
    ['claude-via-openrouter/z-ai/glm-5', 'openrouter', 'z-ai/glm-5'],
    ['groq/openai/gpt-oss-120b', 'openai-compatible-groq', 'openai/gpt-oss-120b'],
    ['openai-compatible-groq/qwen3-32b', 'openai-compatible-groq', 'qwen3-32b'],
    ['anthropic/openai-compatible-groq/a/b', 'openai-compatible-groq', 'a/b'],
  ] as const) {
    assert.deepEqual(providerOfModel(name, providers), { provider, model }, name);
    assert.equal(upstream(name, provider, { ...DEFAULT_MODEL_MAPPING, providers }), model);
  }
  for (const name of [
    ...['gemini-2.5-pro', 'anthropic/claude-opus-4.5', 'qwen/qwen3', 'google/gemini-2.5-pro'],
    ...['/x', 'gemini/', 'constructor/x', '__proto__/x', ''],
  ]) {
    assert.equal(providerOfModel(name, providers), null, name);
  }
  assert.equal(providerOfModel('groq/openai/gpt-oss-120b'), null);
});

test('a tier that the operator sets wins over the default where the model is served', () => {
  const big = { provider: null, model: 'qwen/qwen3-coder' };
  const small = { provider: 'openai-compatible-ollama', model: 'qwen3:14b' } as const;
  const mapping: ModelMapping = {
    rules: [],
    tiers: {
      opus: big,
      fable: big,
      sonnet: { provider: null, model: 'gemini-2.5-pro' },
      haiku: small,
    },
    providers: [...PROVIDER_IDS, 'openai-compatible-ollama'],
  };
  for (const [name, provider, expected] of [
    ['claude-opus-5-5', 'openrouter', 'qwen/qwen3-coder'],
    ['claude-mythos-5', 'openrouter', 'qwen/qwen3-coder'],
    ['claude-opus-5-5', 'openai-compatible', 'qwen/qwen3-coder'],
    ['claude-opus-5-5', 'github-models', 'qwen/qwen3-coder'],
    ['claude-opus-5-5', 'vertex-claude', 'claude-opus-5-5'],
    ['claude-opus-5-5', 'vertex-gemini', PRO],
    ['claude-sonnet-5-5', 'vertex-gemini', 'gemini-2.5-pro'],
    ['claude-sonnet-5-5', 'openrouter', 'google/gemini-2.5-pro'],
    ['claude-sonnet-5-5', 'anthropic', 'claude-sonnet-5-5'],
    ['claude-haiku-9', 'openai-compatible-ollama', 'qwen3:14b'],
    ['claude-haiku-5-5', 'openai-compatible', 'claude-haiku-5-5'],
    ['claude-haiku-5-5', 'openrouter', 'anthropic/claude-haiku-5.5'],
    ['ollama/claude-haiku-5-5', 'openai-compatible-ollama', 'claude-haiku-5-5'],
    ['gpt-4.1', 'openrouter', 'openai/gpt-4.1'],
  ] as const) {
    assert.equal(upstream(name, provider, mapping), expected, `${name} at ${provider}`);
  }
});

test('the first rule that matches and is served wins over the tiers', () => {
  const mapping: ModelMapping = {
    rules: [
      { match: 'claude-*haiku*', provider: 'openrouter', model: 'qwen/qwen3-coder' },
      { match: 'claude-*haiku*', provider: null, model: 'gemini-2.5-flash' },
      { match: 'claude-opus-4-?', provider: null, model: 'claude-opus-5-5' },
      { match: 'fast', provider: null, model: 'claude-haiku-5-5' },
    ],
    tiers: { haiku: { provider: null, model: 'gemini-2.5-pro' } },
    providers: PROVIDER_IDS,
  };
  for (const [name, provider, expected] of [
    ['claude-haiku-4-5', 'openrouter', 'qwen/qwen3-coder'],
    ['claude-3-5-haiku-latest', 'vertex-gemini', 'gemini-2.5-flash'],
    ['anthropic/claude-haiku-4.5[1m]', 'vertex-gemini', 'gemini-2.5-flash'],
    ['claude-haiku-4-5', 'anthropic', 'claude-haiku-4-5'],
    ['claude-opus-4-1', 'vertex-claude', 'claude-opus-5-5'],
    ['claude-opus-4-1', 'vertex-gemini', PRO],
    ['claude-opus-5', 'vertex-claude', 'claude-opus-5'],
    ['fast', 'vertex-claude', 'claude-haiku-5-5'],
    ['openrouter/claude-haiku-4-5', 'openrouter', 'anthropic/claude-haiku-4.5'],
  ] as const) {
    assert.equal(upstream(name, provider, mapping), expected, `${name} at ${provider}`);
  }
});

test('who surely lacks a model is told from who may have it', () => {
  assert.equal(servesModel(PRO, 'vertex-gemini'), 'yes');
  assert.equal(servesModel(PRO, 'openrouter'), 'yes');
  assert.equal(servesModel(PRO, 'vertex-claude'), 'no');
  assert.equal(servesModel(PRO, 'openai-compatible-ollama'), 'maybe');
  assert.equal(servesModel('nobody-knows', 'anthropic'), 'maybe');
  assert.equal(servesModel('gemini-9', 'vertex-gemini'), 'maybe');
  assert.equal(servesModel('claude-opus-99', 'vertex-gemini'), 'yes');
});

test('any name gets an answer, and the same one when asked again with it', () => {
  const names = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.stringMatching(/^(anthropic\/|claude-via-|openrouter\/)?claude-[a-z0-9.@-]{0,24}(\[1m\])?$/),
  );
  fc.assert(
    fc.property(names, fc.constantFrom(...PROVIDER_IDS), (name, provider) => {
      const { upstreamModel } = resolveModel(name, provider);
      assert.equal(typeof upstreamModel, 'string');
      assert.ok(!upstreamModel.endsWith('[1m]') || name.endsWith('[1m][1m]'));
    }),
  );
});

test('max_tokens is clamped to what the model can write', () => {
  const { model } = resolveModel('claude-opus-5-5', 'vertex-gemini');
  assert.equal(clampMaxTokens(128_000, model), 65_536);
  assert.equal(clampMaxTokens(1_000, model), 1_000);
  assert.equal(clampMaxTokens(128_000, resolveModel('gpt-4.1', 'openrouter').model), 32_768);
  assert.equal(clampMaxTokens(128_000, resolveModel('claude-3-haiku', 'anthropic').model), 4_096);
  assert.equal(clampMaxTokens(128_000, null), 128_000);
});
