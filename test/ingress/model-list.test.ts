import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ListedModel, modelPage } from '../../ingress/model-list.ts';

function modelsOf(count: number, retired: readonly number[] = []): readonly ListedModel[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `m${index}`,
    displayName: `Model ${index}`,
    names: new Set([`m${index}`, `alias-${index}`]),
    line: null,
    createdAt: null,
    contextWindowTokens: null,
    maxOutputTokens: null,
    lifecycle: retired.includes(index) ? 'retired' : 'active',
    deprecatedAt: null,
    retiresAt: null,
  }));
}

function page(models: readonly ListedModel[], query: string) {
  const { data, ...rest } = modelPage(models, new URLSearchParams(query));
  return { ids: data.map((model) => model.id), ...rest };
}

test('a page holds 20 models unless asked otherwise', () => {
  const first = page(modelsOf(25), '');
  assert.equal(first.ids.length, 20);
  assert.deepEqual([first.has_more, first.first_id, first.last_id], [true, 'm0', 'm19']);
  assert.deepEqual(page(modelsOf(25), 'after_id=m19'), {
    ids: ['m20', 'm21', 'm22', 'm23', 'm24'],
    has_more: false,
    first_id: 'm20',
    last_id: 'm24',
  });
  assert.deepEqual(page(modelsOf(25), 'before_id=m3&limit=2'), {
    ids: ['m1', 'm2'],
    has_more: true,
    first_id: 'm1',
    last_id: 'm2',
  });
  assert.deepEqual(page(modelsOf(0), ''), {
    ids: [],
    has_more: false,
    first_id: null,
    last_id: null,
  });
});

test('going through the pages either way meets every model once', () => {
  fc.assert(
    fc.property(fc.nat({ max: 30 }), fc.integer({ min: 1, max: 12 }), (count, limit) => {
      const models = modelsOf(count);
      const all = models.map((model) => model.id);
      const forward: string[] = [];
      for (let next = page(models, `limit=${limit}`); ; ) {
        forward.push(...next.ids);
        if (!next.has_more) break;
        next = page(models, `limit=${limit}&after_id=${next.last_id}`);
      }
      assert.deepEqual(forward, all);
      if (count === 0) return;
      const backward = [`m${count - 1}`];
      for (let hasMore = true; hasMore; ) {
        const previous = page(models, `limit=${limit}&before_id=${backward[0]}`);
        backward.unshift(...previous.ids);
        hasMore = previous.has_more;
      }
      assert.deepEqual(backward, all);
    }),
  );
});

test('retired models come only when asked for', () => {
  const models = modelsOf(4, [1, 2]);
  assert.deepEqual(page(models, '').ids, ['m0', 'm3']);
  assert.deepEqual(page(models, 'lifecycle[]=retired').ids, ['m1', 'm2']);
  assert.deepEqual(page(models, 'lifecycle%5B%5D=retired&lifecycle[]=active').ids.length, 4);
});

test('a bad parameter is refused with 400 that names it', () => {
  const cases = [
    ['limit=0', 'limit: Input should be greater than or equal to 1'],
    ['limit=-1', 'limit: Input should be greater than or equal to 1'],
    ['limit=1001', 'limit: Input should be less than or equal to 1000'],
    ['limit=ten', 'limit: Input should be a valid integer'],
    ['limit=1.5', 'limit: Input should be a valid integer'],
    ['limit=', 'limit: Input should be a valid integer'],
    ['after_id=nope', 'after_id: Input should be the id of a model in the list'],
    ['before_id=nope', 'before_id: Input should be the id of a model in the list'],
    ['after_id=m0&before_id=m1', 'after_id: Input should not be given together with before_id'],
    ['lifecycle[]=old', "lifecycle: Input should be 'active', 'deprecated' or 'retired'"],
  ] as const;
  for (const [query, message] of cases) {
    assert.throws(() => page(modelsOf(3), query), {
      status: 400,
      type: 'invalid_request_error',
      message,
    });
  }
});

test('a page may start at an alias', () => {
  assert.deepEqual(page(modelsOf(3), 'after_id=alias-1').ids, ['m2']);
});

test('a date that nobody knows is the epoch, and an unknown size is null', () => {
  const { data } = modelPage(modelsOf(1), new URLSearchParams());
  assert.deepEqual(data, [
    {
      type: 'model',
      id: 'm0',
      display_name: 'Model 0',
      created_at: '1970-01-01T00:00:00Z',
      max_input_tokens: null,
      max_tokens: null,
      capabilities: null,
      lifecycle: 'active',
      line: null,
      deprecated_at: null,
      retires_at: null,
    },
  ]);
});
