import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelsAnswer } from '../../ingress/get-models.ts';
import type { ListedModel } from '../../ingress/model-list.ts';

const MODELS: readonly ListedModel[] = [
  {
    id: 'anthropic/openrouter/qwen/qwen3',
    displayName: 'Qwen 3 (openrouter)',
    names: new Set(['anthropic/openrouter/qwen/qwen3', 'openrouter/qwen/qwen3', 'qwen/qwen3']),
    line: null,
    createdAt: '2025-10-01T00:00:00Z',
    contextWindowTokens: 262_144,
    maxOutputTokens: 32_000,
    lifecycle: 'active',
    deprecatedAt: null,
    retiresAt: null,
  },
];
const MODEL = {
  type: 'model',
  id: 'anthropic/openrouter/qwen/qwen3',
  display_name: 'Qwen 3 (openrouter)',
  created_at: '2025-10-01T00:00:00Z',
  max_input_tokens: 262_144,
  max_tokens: 32_000,
  capabilities: null,
  lifecycle: 'active',
  line: null,
  deprecated_at: null,
  retires_at: null,
};

function get(path: string, query = '') {
  return modelsAnswer(MODELS, { path, query });
}

test('the list is a page in the shape of the API', () => {
  const page = { data: [MODEL], has_more: false, first_id: MODEL.id, last_id: MODEL.id };
  assert.deepEqual(get('/v1/models'), page);
  assert.deepEqual(get('/v1/models/', 'limit=1000'), page);
});

test('a model is found by its id, escaped or not, and by an alias', () => {
  for (const id of [
    MODEL.id,
    'anthropic%2Fopenrouter%2Fqwen%2Fqwen3',
    'openrouter/qwen/qwen3',
    'anthropic/qwen/qwen3',
    'qwen/qwen3[1m]',
  ]) {
    assert.deepEqual(get(`/v1/models/${id}`), MODEL);
  }
});

test('an unknown id is 404 in the words of the API', () => {
  const cases = [
    ['claude-sonet', 'model: claude-sonet'],
    ['%E0%A4%A', 'model: %E0%A4%A'],
    ['%1b%5b31m', 'model: ?[31m'],
    ['constructor', 'model: constructor'],
    ['x'.repeat(5_000), `model: ${'x'.repeat(200)}`],
  ] as const;
  for (const [id, message] of cases) {
    assert.throws(() => get(`/v1/models/${id}`), { status: 404, type: 'not_found_error', message });
  }
});
