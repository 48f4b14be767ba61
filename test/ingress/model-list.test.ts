import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Catalog, loadCatalog, parseCatalog } from '../../config/catalog.ts';
import { modelPage } from '../../ingress/model-list.ts';

function catalogOf(count: number, retired: readonly number[] = []): Catalog {
  const models = Array.from({ length: count }, (_, index) => ({
    id: `m${index}`,
    displayName: `Model ${index}`,
    line: null,
    lifecycle: retired.includes(index) ? 'retired' : 'active',
    aliases: [],
    source: 'a test',
    asOf: '2026-11-22',
  }));
  return parseCatalog({ models });
}

function page(catalog: Catalog, query: string) {
  const { data, ...rest } = modelPage(catalog, new URLSearchParams(query));
  return { ids: data.map((model) => model.id), ...rest };
}

test('a page holds 20 models unless asked otherwise', () => {
  const first = page(catalogOf(25), '');
  assert.equal(first.ids.length, 20);
  assert.deepEqual([first.has_more, first.first_id, first.last_id], [true, 'm0', 'm19']);
  assert.deepEqual(page(catalogOf(25), 'after_id=m19'), {
    ids: ['m20', 'm21', 'm22', 'm23', 'm24'],
    has_more: false,
    first_id: 'm20',
    last_id: 'm24',
  });
  assert.deepEqual(page(catalogOf(25), 'before_id=m3&limit=2'), {
    ids: ['m1', 'm2'],
    has_more: true,
    first_id: 'm1',
    last_id: 'm2',
  });
  assert.deepEqual(page(catalogOf(0), ''), {
    ids: [],
    has_more: false,
    first_id: null,
    last_id: null,
  });
});

test('going through the pages either way meets every model once', () => {
  fc.assert(
    fc.property(fc.nat({ max: 30 }), fc.integer({ min: 1, max: 12 }), (count, limit) => {
      const catalog = catalogOf(count);
      const all = catalog.models.map((model) => model.id);
      const forward: string[] = [];
      for (let next = page(catalog, `limit=${limit}`); ; ) {
        forward.push(...next.ids);
        if (!next.has_more) break;
        next = page(catalog, `limit=${limit}&after_id=${next.last_id}`);
      }
      assert.deepEqual(forward, all);
      if (count === 0) return;
      const backward = [`m${count - 1}`];
      for (let hasMore = true; hasMore; ) {
        const previous = page(catalog, `limit=${limit}&before_id=${backward[0]}`);
        backward.unshift(...previous.ids);
        hasMore = previous.has_more;
      }
      assert.deepEqual(backward, all);
    }),
  );
});

test('retired models come only when asked for', () => {
  const catalog = catalogOf(4, [1, 2]);
  assert.deepEqual(page(catalog, '').ids, ['m0', 'm3']);
  assert.deepEqual(page(catalog, 'lifecycle[]=retired').ids, ['m1', 'm2']);
  assert.deepEqual(page(catalog, 'lifecycle%5B%5D=retired&lifecycle[]=active').ids.length, 4);
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
    assert.throws(() => page(catalogOf(3), query), {
      status: 400,
      type: 'invalid_request_error',
      message,
    });
  }
});

test('a date that no source states is the epoch, and an unknown size is null', () => {
  const { data } = modelPage(loadCatalog(), new URLSearchParams('limit=1000'));
  const opus = data.find((model) => model.id === 'claude-opus-5-5');
  assert.deepEqual(
    [opus?.created_at, opus?.max_input_tokens, opus?.max_tokens],
    ['1970-01-01T00:00:00Z', null, null],
  );
  const sonnet = data.find((model) => model.id === 'claude-sonnet-4-5-20250929');
  assert.deepEqual(
    [sonnet?.created_at, sonnet?.lifecycle, sonnet?.retires_at, sonnet?.display_name],
    ['2025-09-29T00:00:00Z', 'deprecated', '2026-11-30T00:00:00Z', 'Claude Sonnet 4.5'],
  );
});
