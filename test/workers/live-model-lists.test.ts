import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../config/limits.ts';
import { parseOpenaiModels, parseOpenrouterModels } from '../../workers/live-model-lists.ts';

const EMPTY = {
  displayName: null,
  createdAt: null,
  contextWindowTokens: null,
  maxOutputTokens: null,
};

test("OpenRouter's list tells sizes and capabilities", () => {
  const json = {
    data: [
      {
        id: 'qwen/qwen3-coder',
        canonical_slug: 'qwen/qwen3-coder-07-25',
        name: 'Qwen: Qwen3 Coder',
        created: 1_753_230_546,
        context_length: 262_144,
        architecture: { input_modalities: ['text', 'image'], output_modalities: ['text'] },
        pricing: { prompt: '0.0000002' },
        top_provider: { context_length: 131_072, max_completion_tokens: 65_536 },
        supported_parameters: ['tools', 'structured_outputs', 'max_tokens'],
      },
      { id: 'a/painter', architecture: { output_modalities: ['image'] } },
      {
        id: 'b/thinker',
        top_provider: { context_length: 8_192, max_completion_tokens: null },
        supported_parameters: ['reasoning'],
      },
    ],
  };
  assert.deepEqual(parseOpenrouterModels(json), [
    {
      id: 'qwen/qwen3-coder',
      displayName: 'Qwen: Qwen3 Coder',
      createdAt: '2025-07-23T00:29:06Z',
      contextWindowTokens: 262_144,
      maxOutputTokens: 65_536,
      capabilities: { tools: true, structuredOutput: true, thinking: 'none', images: true },
    },
    {
      ...EMPTY,
      id: 'b/thinker',
      contextWindowTokens: 8_192,
      capabilities: { tools: false, structuredOutput: false },
    },
  ]);
});

test('what servers add to the OpenAI list is read', () => {
  const plain = { ...EMPTY, capabilities: null };
  for (const [entry, expected] of [
    [{ id: 'qwen3:14b', object: 'model', created: 0, owned_by: 'library' }, plain],
    [
      { id: 'vllm', max_model_len: 40_960 },
      { ...plain, contextWindowTokens: 40_960 },
    ],
    [
      { id: 'groq', context_window: 131_072, max_completion_tokens: 8_192, created: 1 },
      {
        ...plain,
        createdAt: '1970-01-01T00:00:01Z',
        contextWindowTokens: 131_072,
        maxOutputTokens: 8_192,
      },
    ],
    [
      { id: 'llama.cpp', meta: { n_ctx_train: 4_096 } },
      { ...plain, contextWindowTokens: 4_096 },
    ],
    [
      {
        id: 'mistral',
        max_context_length: 32_768,
        capabilities: { completion_chat: true, function_calling: true, vision: false },
      },
      { ...plain, contextWindowTokens: 32_768, capabilities: { tools: true, images: false } },
    ],
    [
      {
        id: 'openai/gpt-4.1',
        name: 'OpenAI GPT-4.1',
        limits: { max_input_tokens: 1_048_576, max_output_tokens: 32_768 },
        supported_input_modalities: ['text', 'image'],
        capabilities: ['streaming', 'tool-calling'],
      },
      {
        ...EMPTY,
        displayName: 'OpenAI GPT-4.1',
        contextWindowTokens: 1_048_576,
        maxOutputTokens: 32_768,
        capabilities: { images: true },
      },
    ],
  ] as const) {
    const models = parseOpenaiModels({ object: 'list', data: [entry] });
    assert.deepEqual(models, [{ ...expected, id: entry.id }]);
    assert.deepEqual(parseOpenaiModels([entry]), models);
  }
});

test('models that cannot chat, broken entries and repeated ones are left out', () => {
  const data = [
    { id: 'embed', type: 'embeddings' },
    { id: 'ocr', capabilities: { completion_chat: false } },
    ...[
      null,
      7,
      'x',
      [],
      {},
      { id: '' },
      { id: 4 },
      { id: 'has space' },
      { id: 'a b' },
      { id: 'x'.repeat(201) },
    ],
    { id: 'good', created: 1e300, context_length: -1, max_completion_tokens: 1.5, name: 7 },
    { id: 'good' },
  ];
  const plain = { ...EMPTY, id: 'good', capabilities: null };
  assert.deepEqual(parseOpenaiModels({ data }), [plain]);
});

test('what is no list is null', () => {
  for (const json of [undefined, null, 7, 'x', {}, { data: {} }, { error: { message: 'no' } }]) {
    assert.equal(parseOpenaiModels(json), null);
    assert.equal(parseOpenrouterModels(json), null);
  }
});

test('a list without end is cut', () => {
  const data = Array.from({ length: LIMITS.liveModelsMax + 5 }, (_, index) => ({
    id: `m${index}`,
  }));
  assert.equal(parseOpenaiModels({ data })?.length, LIMITS.liveModelsMax);
});

test('no JSON makes a parser throw, and every id it gives may be asked for', () => {
  const entries = fc.array(
    fc.record(
      {
        id: fc.oneof(fc.string(), fc.jsonValue()),
        created: fc.oneof(fc.double(), fc.jsonValue()),
        context_length: fc.oneof(fc.double(), fc.jsonValue()),
        architecture: fc.jsonValue(),
        top_provider: fc.jsonValue(),
        supported_parameters: fc.jsonValue(),
        capabilities: fc.jsonValue(),
        limits: fc.jsonValue(),
      },
      { requiredKeys: [] },
    ),
  );
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.record({ data: entries })), (json) => {
      for (const model of [
        ...(parseOpenaiModels(json) ?? []),
        ...(parseOpenrouterModels(json) ?? []),
      ]) {
        assert.match(model.id, /^[A-Za-z0-9~][A-Za-z0-9._:@/~+-]{0,199}$/);
        assert.deepEqual(JSON.parse(JSON.stringify(model)), model);
      }
    }),
  );
});
