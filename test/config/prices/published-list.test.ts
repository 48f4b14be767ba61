import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelPrice } from '@pydantic/genai-prices';
import { SHIPPED_TABLE } from '../../../config/prices/list-table.ts';
import { createPriceList } from '../../../config/prices/price-list.ts';
import { isMatchLogic } from '../../../config/prices/refresh/match-logic.ts';
import {
  checkPublishedList,
  PriceListError,
} from '../../../config/prices/refresh/published-list.ts';
import { publishedTable } from '../../../config/prices/refresh/published-table.ts';
import { vetList } from '../../../config/prices/refresh/vet-list.ts';
import { type Edition, editionWith, IDS, modelOf, shippedEdition } from './support/editions.ts';

const AT_MS = Date.UTC(2026, 10, 26);
const now = (): number => AT_MS;

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof PriceListError, String(error));
    return error.message;
  }
  return 'none';
}

function vetted(edition: Edition[]) {
  // As it comes: without what is undefined.
  return vetList(checkPublishedList(JSON.parse(JSON.stringify(edition))), SHIPPED_TABLE);
}

test('an edition like the one that ships has the same prices, model by model, and a version of its own', () => {
  const { providers, mistakes } = vetted(shippedEdition());
  assert.deepEqual(mistakes, []);
  const table = publishedTable(providers);
  const shipped = createPriceList({ now, overlay: [] });
  const published = createPriceList({ now, overlay: [], list: { table, checkedAtMs: 1 } });
  const places = { anthropic: 'anthropic', google: 'vertex-gemini', openrouter: 'openrouter' };
  let models = 0;
  for (const [id, provider] of Object.entries(places) as [string, 'anthropic'][]) {
    for (const { id: upstreamModel } of SHIPPED_TABLE.modelsOf(id)) {
      for (const atMs of [AT_MS, Date.UTC(2026, 0, 1)]) {
        const query = { provider, upstreamModel, atMs, inputTokens: 300_000 };
        const expected = shipped.pricesOf(query);
        if (expected.isFallback) continue; // of a provider that these editions leave out
        assert.deepEqual(published.pricesOf(query), expected, upstreamModel);
        models += 1;
      }
    }
  }
  assert.ok(models > 1_000);
  // By maker, by address, and at a provider that has the models of another.
  const elsewhere = [
    ['openai-compatible', 'gpt-5.1'],
    ['openai-compatible', 'O3'],
    ['github-models', 'gpt-4.1-mini'],
    ['github-models', 'claude-opus-5'],
    ['openai-compatible', 'nobody-knows'],
  ] as const;
  for (const [provider, upstreamModel] of elsewhere) {
    const query = { provider, upstreamModel };
    assert.deepEqual(published.pricesOf(query), shipped.pricesOf(query), upstreamModel);
  }
  assert.notEqual(published.version, shipped.version);
});

test('the same edition has the same version, however it came', () => {
  const version = (edition: unknown): string => publishedTable(checkPublishedList(edition)).version;
  const { providers } = vetted(shippedEdition());
  assert.equal(version(JSON.parse(JSON.stringify(providers))), version(shippedEdition()));
  assert.notEqual(version(editionWith({ 'claude-opus-5': { input_mtok: 6 } })), version(providers));
});

test('what is no list, and a row that the package cannot reckon with, is refused with its place', () => {
  const row = (changes: object): unknown => {
    const edition = shippedEdition();
    Object.assign(modelOf(edition, 'anthropic', 'claude-2'), changes);
    return edition;
  };
  const priced = (prices: unknown): unknown => row({ prices });
  const dated = (constraint: unknown): unknown =>
    priced([{ prices: { input_mtok: 1 } }, { constraint, prices: { input_mtok: 1 } }]);
  const table: readonly (readonly [unknown, RegExp])[] = [
    [null, /^the list, at its top: /],
    [{}, /expected array/],
    [[], /at its top/],
    [[{ id: 'anthropic' }], /at 0\.models/],
    [[...shippedEdition(), { id: 'google', models: [] }], /has a provider twice/],
    [priced({ input_mtok: '3', output_mtok: 15 }), /at 0\.models\.0\.prices/],
    [priced({ input_mtok: -3, output_mtok: 15 }), /at 0\.models\.0\.prices/],
    [priced({ input_mtok: Number.NaN, output_mtok: 15 }), /at 0\.models\.0\.prices/],
    [priced({ input_mtok: Number.POSITIVE_INFINITY, output_mtok: 15 }), /models\.0\.prices/],
    [priced({ input_mtok: 1e-9, output_mtok: 15 }), /models\.0\.prices/],
    [priced({ input_mtok: 3_000_000, output_mtok: 15 }), /models\.0\.prices/],
    [priced({ input_mtok: { base: 1, tiers: [{ start: 'a', price: 1 }] } }), /models\.0\.prices/],
    [priced([]), /models\.0\.prices/],
    [priced(null), /models\.0\.prices/],
    [dated({ start_date: 'tomorrow' }), /models\.0\.prices/],
    [dated({ start_time: 'noon', end_time: 'never' }), /anthropic\/claude-2/],
    [dated({ weekday: 'monday' }), /models\.0\.prices/],
    // The package wants the price of writing where that of writing for an hour is.
    [
      priced({ input_mtok: 1, output_mtok: 1, cache_write_1h_mtok: 2 }),
      /anthropic\/claude-2: Miss/,
    ],
    [
      priced([
        { prices: { input_mtok: 1 } },
        {
          constraint: { start_date: '2030-01-01' },
          prices: { input_mtok: 1, cache_write_1h_mtok: 2 },
        },
      ]),
      /anthropic\/claude-2: Miss/,
    ],
    [row({ match: { regex: '(a+)+$' } }), /is no rule for names/],
    [row({ id: '' }), /at 0\.models\.0\.id/],
  ];
  for (const [edition, message] of table) {
    assert.match(
      refusal(() => checkPublishedList(edition)),
      message,
    );
  }
});

test('rules for names are taken when they are quick whatever the name', () => {
  const table: readonly (readonly [unknown, boolean])[] = [
    [{ equals: 'a' }, true],
    [{ or: [{ starts_with: 'a' }, { and: [{ contains: 'b' }, { ends_with: 'c' }] }] }, true],
    [{ regex: '^gpt-5\\.6-luna-\\d{4}-\\d{2}-\\d{2}$' }, true],
    [{ regex: '^(?!.*-[tT][tT][sS](?:$|-))' }, true],
    [{ regex: '(a*)*b' }, false],
    [{ regex: '(?:a|a){2,}b' }, false],
    [{ regex: '.*.*.*b' }, false],
    [{ regex: 'a{9000}' }, false],
    [{ regex: '(' }, false],
    [{ contains: '' }, false],
    [{ contains: 'a', equals: 'b' }, false],
    [{ sounds_like: 'a' }, false],
    [{ or: { contains: 'a' } }, false],
    [{}, false],
    ['a', false],
    [null, false],
  ];
  for (const [rule, isTaken] of table) {
    assert.equal(isMatchLogic(rule), isTaken, JSON.stringify(rule));
  }
  const deep = Array.from({ length: 9 }).reduce((rule) => ({ or: [rule] }), { equals: 'a' });
  assert.equal(isMatchLogic(deep), false);
});

test('a price that moved too far, is nothing or went away stays as it was', () => {
  const opus = (changes: ModelPrice): Edition[] => editionWith({ 'claude-opus-5': changes });
  const table: readonly (readonly [Edition[], boolean])[] = [
    [opus({ input_mtok: 6 }), false],
    [opus({ input_mtok: 500 }), false],
    [opus({ input_mtok: 501 }), true],
    [opus({ input_mtok: 0.05 }), false],
    [opus({ input_mtok: 0.049 }), true],
    [opus({ input_mtok: 0 }), true],
    [opus({ output_mtok: undefined }), true],
    [opus({ cache_write_1h_mtok: undefined }), false],
    [opus({ cache_read_mtok: 60 }), true],
    [opus({ web_searches_kcount: 0.01 }), true],
    [opus({ input_mtok: { base: 5, tiers: [{ start: 200_000, price: 5_000 }] } }), true],
    [opus({ input_mtok: { base: 5, tiers: [{ start: 200_000, price: 10 }] } }), false],
  ];
  for (const [edition, isMistake] of table) {
    const model = JSON.parse(JSON.stringify(modelOf(edition, 'anthropic', 'claude-opus-5')));
    const { providers, mistakes } = vetted(edition);
    assert.deepEqual(mistakes, isMistake ? ['anthropic/claude-opus-5'] : []);
    const known = modelOf(shippedEdition(), 'anthropic', 'claude-opus-5');
    const kept = modelOf(providers as Edition[], 'anthropic', 'claude-opus-5');
    assert.deepEqual(kept.prices, (isMistake ? known : model).prices);
  }
});

test('so do prices of a later day, and a new model at no cost is left out', () => {
  const edition = shippedEdition();
  const opus = modelOf(edition, 'anthropic', 'claude-opus-5');
  const { prices } = opus;
  assert.ok(!Array.isArray(prices));
  const later = { type: 'start_date', start_date: '2027-01-01' } as const;
  opus.prices = [{ prices }, { constraint: later, prices: { input_mtok: 5 } }];
  // A cache's price may be left out.
  const sonnet = modelOf(edition, 'anthropic', 'claude-sonnet-5');
  const before = sonnet.prices;
  assert.ok(!Array.isArray(before));
  const { input_mtok, output_mtok } = before;
  sonnet.prices = [{ prices: { input_mtok, output_mtok } }, { constraint: later, prices: before }];
  const anthropic = edition.find(({ id }) => id === 'anthropic');
  anthropic?.models.unshift(
    { id: 'claude-free', match: { equals: 'claude-free' }, prices: { input_mtok: 0 } },
    { id: 'claude-new', match: { equals: 'claude-new' }, prices: { input_mtok: 7 } },
  );
  const { providers, mistakes } = vetted(edition);
  assert.deepEqual(mistakes, ['anthropic/claude-free', 'anthropic/claude-opus-5']);
  const ids = providers.find(({ id }) => id === 'anthropic')?.models.map(({ id }) => id) ?? [];
  assert.deepEqual([ids.includes('claude-free'), ids.includes('claude-new')], [false, true]);
});

test('many mistakes, and a provider that lost its models, make it no list', () => {
  const moved = shippedEdition();
  for (const { prices } of moved.find(({ id }) => id === 'openrouter')?.models.slice(0, 11) ?? []) {
    Object.assign(prices as object, { input_mtok: 0 });
  }
  assert.match(
    refusal(() => vetted(moved)),
    /^11 prices of the list moved .* like openrouter\//,
  );
  for (const id of IDS.slice(0, 4)) {
    const edition = shippedEdition().filter((provider) => provider.id !== id);
    assert.match(
      refusal(() => vetted(edition)),
      new RegExp(`^the list has 0 models of ${id}, `),
    );
  }
  const halved = shippedEdition();
  const google = halved.find(({ id }) => id === 'google');
  assert.ok(google !== undefined);
  google.models.length = Math.floor(google.models.length / 2);
  assert.deepEqual(vetted(halved).mistakes, []);
  google.models.length -= 1;
  assert.match(
    refusal(() => vetted(halved)),
    /models of google, before it had 56/,
  );
});
