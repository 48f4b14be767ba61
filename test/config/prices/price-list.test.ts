import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadCatalog } from '../../../config/catalog.ts';
import { LIST_VERSION } from '../../../config/prices/list-table.ts';
import type { ModelPrices, PriceQuery } from '../../../config/prices/model-prices.ts';
import type { PriceEntry } from '../../../config/prices/price-entry.ts';
import { createPriceList } from '../../../config/prices/price-list.ts';
import { TOKEN_PARTS } from '../../../config/prices/rates.ts';
import { createTokenPrices } from '../../../config/prices/token-prices.ts';
import { formatUsd } from '../../../schemas/money.ts';
import type { BuiltInProviderId, ProviderId } from '../../../schemas/provider.ts';

const AT_MS = Date.UTC(2026, 10, 26);
const now = (): number => AT_MS;
const list = createPriceList({ now });
const FALLBACKS_MAX = 16;
const origin = { source: 'a contract', asOf: '2026-11-26' };

/** Dollars per million tokens: input, cache read, writes of 5 minutes and of an hour, output. */
function perMillion(prices: ModelPrices): readonly string[] {
  return TOKEN_PARTS.map((part) => formatUsd(prices[part] * 1_000_000n));
}

function at(
  provider: ProviderId,
  upstreamModel: string,
  more: Partial<PriceQuery> = {},
): ModelPrices {
  return list.pricesOf({ provider, upstreamModel, ...more });
}

test('pricesOf() knows the prices of models, in every spelling', () => {
  const haiku = '0.1 0.01 0.125 0.2 0.5';
  const table: readonly (readonly [ProviderId, string, string])[] = [
    ['anthropic', 'claude-haiku-5-5', haiku],
    ['anthropic', 'claude-haiku-5-5-20261007', haiku],
    ['vertex-claude', 'claude-haiku-5-5@20261007', haiku],
    ['openrouter', 'anthropic/claude-haiku-5.5', haiku],
    ['openrouter', 'anthropic/claude-haiku-5.5:nitro', haiku],
    ['anthropic', 'claude-fable-5-2', '8 0.2 10 16 40'],
    ['anthropic', 'claude-opus-5-5', '4 0.2 5 8 20'],
    ['vertex-claude', 'claude-opus-5-5', '4 0.2 5 8 20'],
    ['anthropic', 'claude-sonnet-5-5', '2 0.1 2.5 4 10'],
    ['anthropic', 'claude-sonnet-5', '2 0.2 2.5 4 10'],
    ['anthropic', 'claude-opus-4-1-20250805', '15 1.5 18.75 30 75'],
    ['openrouter', 'anthropic/claude-opus-4.1', '15 1.5 18.75 30 75'],
    // The list has no caches for it: Anthropic's factors.
    ['openrouter', 'anthropic/claude-3.7-sonnet', '3 0.3 3.75 6 15'],
    ['vertex-claude', 'claude-3-5-sonnet-v2@20241022', '3 0.3 3.75 6 15'],
    // A cached token of others costs what input does where nobody says less.
    ['openrouter', 'qwen/qwen3-14b', '0.06 0.06 0.06 0.06 0.24'],
    ['vertex-gemini', 'gemini-2.5-pro', '1.25 0.125 1.25 1.25 10'],
    // The list has the storage beside the input.
    ['openrouter', 'google/gemini-3.1-pro-preview', '2 0.2 2 2 12'],
    ['openrouter', 'qwen/qwen3-coder:free', '0 0 0 0 0'],
    ['openai-compatible', 'gpt-5.1', '1.25 0.125 1.25 1.25 10'],
    ['openai-compatible-deepinfra', 'openai/gpt-5.1', '1.25 0.125 1.25 1.25 10'],
    ['github-models', 'gpt-4.1-mini', '0.4 0.1 0.4 0.4 1.6'],
  ];
  for (const [provider, model, expected] of table) {
    const prices = at(provider, model);
    assert.equal(perMillion(prices).join(' '), expected, `${provider} ${model}`);
    assert.equal(prices.isFallback, false, `${provider} ${model}`);
  }
});

test('pricesOf() prices the whole request at the tier of its prompt', () => {
  const table: readonly (readonly [ProviderId, string, number, string])[] = [
    ['anthropic', 'claude-haiku-5-5', 100_000, '0.1 0.01 0.125 0.2 0.5'],
    ['anthropic', 'claude-haiku-5-5', 100_001, '0.5 0.05 0.625 1 2.5'],
    ['anthropic', 'claude-sonnet-4-5-20250929', 200_000, '3 0.3 3.75 6 15'],
    ['anthropic', 'claude-sonnet-4-5-20250929', 200_001, '6 0.6 7.5 12 22.5'],
    ['vertex-claude', 'claude-sonnet-4-5@20250929', 200_001, '6 0.6 7.5 12 22.5'],
    ['vertex-gemini', 'gemini-3.1-pro-preview', 200_001, '4 0.4 4 4 18'],
    ['openrouter', 'openai/gpt-6.1-sol', 272_001, '4 0.2 5 5 15'],
  ];
  for (const [provider, model, inputTokens, expected] of table) {
    assert.equal(perMillion(at(provider, model, { inputTokens })).join(' '), expected, model);
  }
});

test('pricesOf() asks a surcharge of regions, and none of global or of older models', () => {
  const vertex = createPriceList({ now, region: 'us-east5' });
  const input = (more: Partial<PriceQuery>): string => {
    const query = { provider: 'vertex-claude', upstreamModel: 'claude-opus-5-5' } as const;
    return formatUsd(vertex.pricesOf({ ...query, ...more }).input * 1_000_000n);
  };
  assert.equal(input({}), '4.4');
  assert.equal(input({ region: 'global' }), '4');
  assert.equal(input({ region: null }), '4');
  assert.equal(input({ region: 'eu' }), '4.4');
  assert.equal(input({ upstreamModel: 'claude-sonnet-4-5@20250929' }), '3.3');
  assert.equal(input({ upstreamModel: 'claude-sonnet-4@20250514' }), '3');
  assert.equal(input({ upstreamModel: 'claude-3-7-sonnet@20250219' }), '3');
  assert.equal(input({ provider: 'vertex-gemini', upstreamModel: 'gemini-2.5-pro' }), '1.25');
  // The region is Vertex's: no other provider has it.
  assert.equal(input({ provider: 'anthropic' }), '4');
  assert.equal(input({ provider: 'anthropic', region: 'us' }), '4.4');
});

test('pricesOf() multiplies for modes', () => {
  const input = (model: string, modes: PriceQuery['modes'] = []): string =>
    formatUsd(at('anthropic', model, { modes }).input * 1_000_000n);
  assert.equal(input('claude-opus-5-5', ['batch']), '2');
  assert.equal(input('claude-opus-5-5', ['fast']), '8');
  assert.equal(input('claude-opus-4-6', ['fast']), '30');
  assert.equal(input('claude-opus-4-8', ['fast']), '10');
  assert.equal(input('claude-opus-5-5', ['priority']), '4');
  assert.equal(input('claude-opus-5-5', ['batch', 'fast']), '4');
  assert.equal(at('anthropic', 'claude-opus-5-5', { modes: ['batch'] }).perWebSearch, 10n ** 10n);
});

test('pricesOf() has prices of their day', () => {
  const read = (atMs: number): string =>
    formatUsd(at('anthropic', 'claude-sonnet-5-5', { atMs }).cacheRead * 1_000_000n);
  assert.equal(read(Date.UTC(2026, 9, 7) - 1), '0.2');
  assert.equal(read(Date.UTC(2026, 9, 7)), '0.1');
  const opus = (atMs: number): ModelPrices =>
    at('anthropic', 'claude-opus-4-6', { atMs, inputTokens: 300_000 });
  assert.equal(formatUsd(opus(Date.UTC(2026, 2, 12)).input * 1_000_000n), '10');
  assert.equal(formatUsd(opus(Date.UTC(2026, 2, 13)).input * 1_000_000n), '5');
  // DeepSeek asks more at times of day.
  const deepseek = (hour: number): bigint =>
    at('openai-compatible', 'deepseek-v4-pro', { atMs: Date.UTC(2026, 10, 1, hour) }).input;
  assert.equal(deepseek(2), deepseek(3));
  assert.ok(deepseek(2) > deepseek(5));
});

test('a model that is found under the name of another is flagged', () => {
  const table: readonly (readonly [ProviderId, string, string | null, string])[] = [
    ['anthropic', 'claude-sonnet-5-9', 'claude-sonnet-5', '2'],
    ['vertex-claude', 'claude-opus-4-9', null, '5'],
    ['anthropic', 'claude-haiku-7', null, '1'],
    ['anthropic', 'claude-sonnet-7', null, '3'],
    ['anthropic', 'claude-opus-7-2', null, '5'],
    ['anthropic', 'claude-fable-9', null, '10'],
    ['openrouter', 'nobody/knows-this', null, '3'],
    ['openai-compatible', 'private-model', null, '3'],
    // The maker's price, not OpenRouter's.
    ['openrouter', 'deepseek/deepseek-reasoner', 'deepseek-reasoner', '0.135'],
  ];
  for (const [provider, model, matched, input] of table) {
    const prices = at(provider, model);
    assert.equal(prices.isFallback, true, model);
    assert.equal(prices.matchedModel, matched, model);
    assert.equal(prices.source, matched === null ? 'fallback' : 'genai-prices', model);
    assert.equal(formatUsd(prices.input * 1_000_000n), input, model);
  }
});

test('no name and no time makes pricesOf() throw or give nothing for free', () => {
  for (const model of [
    '',
    ' ',
    '/',
    ':free ',
    '__proto__',
    'constructor',
    '💰',
    'x'.repeat(10_000),
  ]) {
    for (const atMs of [Number.NaN, Number.POSITIVE_INFINITY, -(10 ** 15), 10 ** 16]) {
      const prices = at('openrouter', model, { atMs });
      assert.ok(prices.input > 0n && prices.output > 0n && prices.isFallback, model);
    }
  }
});

test('servers of a private network are free, known hosts have their own list', () => {
  const addresses = {
    'openai-compatible': 'http://localhost:11434/v1',
    'openai-compatible-lan': 'http://192.168.1.7:8000/v1',
    'openai-compatible-deepseek': 'https://api.deepseek.com/v1',
    'openai-compatible-far': 'https://llm.example.com/v1',
    'github-models': 'https://models.github.ai',
  };
  const placed = createPriceList({ now, addresses });
  const of = (provider: ProviderId, upstreamModel: string): ModelPrices =>
    placed.pricesOf({ provider, upstreamModel });
  for (const provider of ['openai-compatible', 'openai-compatible-lan', 'github-models'] as const) {
    const { input, output, isFallback, source } = of(provider, 'gpt-5.1');
    assert.deepEqual([input, output, isFallback, source], [0n, 0n, false, 'overlay'], provider);
  }
  const known = of('openai-compatible-deepseek', 'deepseek-v4-pro');
  assert.deepEqual([known.source, known.isFallback], ['genai-prices', false]);
  // Somebody's server: the maker's price is the nearest there is.
  const far = of('openai-compatible-far', 'deepseek-v4-pro');
  assert.deepEqual([far.input, far.isFallback], [known.input, true]);
  assert.ok(of('openai-compatible-far', 'nobody-knows').input > 0n);
});

test('the operator’s entries go in front, part by part', () => {
  const userOverlay: readonly PriceEntry[] = [
    { match: 'claude-opus-5-5', input: '1', output: '2', effectiveFrom: '2026-11-20', ...origin },
    { provider: 'vertex-claude', match: '*', regional: '1.2', perWebSearch: '0.5', ...origin },
    { provider: 'openai-compatible', match: '*', input: '0', output: '0.000001', ...origin },
  ];
  const own = createPriceList({ now, userOverlay, region: 'us-east5' });
  const opus = { provider: 'anthropic', upstreamModel: 'claude-opus-5-5' } as const;
  const prices = own.pricesOf(opus);
  assert.deepEqual([prices.source, prices.isFallback], ['user', false]);
  assert.equal(perMillion(prices).join(' '), '1 0.1 1.25 2 2');
  assert.equal(own.pricesOf({ ...opus, atMs: Date.UTC(2026, 10, 19) }).source, 'genai-prices');
  const vertex = own.pricesOf({ ...opus, provider: 'vertex-claude' });
  assert.equal(perMillion(vertex).join(' '), '1.2 0.12 1.5 2.4 2.4');
  assert.equal(formatUsd(vertex.perWebSearch), '0.5');
  // An adapter's entry holds for its named servers; what is finer than a picodollar is rounded.
  const named = own.pricesOf({ provider: 'openai-compatible-x', upstreamModel: 'claude-opus-5' });
  assert.deepEqual([named.source, named.output], ['user', 1n]);
});

test('the version changes with the prices, and only with them', () => {
  assert.match(list.version, /^[0-9a-f]{16}$/);
  assert.equal(
    createPriceList({ region: 'eu', addresses: { a: 'http://b' } }).version,
    list.version,
  );
  const userOverlay = [{ match: 'x', input: '1', output: '1', ...origin }];
  assert.notEqual(createPriceList({ userOverlay }).version, list.version);
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  assert.equal(LIST_VERSION, `@pydantic/genai-prices ${dependencies['@pydantic/genai-prices']}`);
});

test('every model of the catalog has a price at each provider that has an id for it', (t) => {
  const fallbacks: string[] = [];
  for (const { id, ids } of loadCatalog().models) {
    for (const [provider, upstreamModel] of Object.entries(ids)) {
      const prices = at(provider as BuiltInProviderId, upstreamModel); // the catalog's keys
      assert.ok(prices.input > 0n && prices.output > 0n, `${id} at ${provider}`);
      assert.ok(prices.cacheRead <= prices.input, `${id} at ${provider}`);
      assert.ok(prices.cacheWrite5m <= prices.cacheWrite1h, `${id} at ${provider}`);
      if (prices.isFallback)
        fallbacks.push(`${provider} ${upstreamModel} (${prices.matchedModel})`);
    }
  }
  for (const each of fallbacks) t.diagnostic(`no price of its own: ${each}`);
  assert.ok(fallbacks.length <= FALLBACKS_MAX, `${fallbacks.length} models have no price`);
});

test('token prices are the list’s, as numbers, and today’s', () => {
  let nowMs = Date.UTC(2026, 9, 6);
  const tokenPrices = createTokenPrices(createPriceList({ now: () => nowMs }));
  const query = {
    provider: 'anthropic',
    upstreamModel: 'claude-sonnet-5-5',
    inputTokens: 10,
  } as const;
  const first = tokenPrices(query);
  assert.deepEqual(first, {
    input: 2_000_000,
    cacheRead: 200_000,
    cacheWrite5m: 2_500_000,
    cacheWrite1h: 4_000_000,
    output: 10_000_000,
  });
  assert.equal(tokenPrices({ ...query }), first);
  nowMs = Date.UTC(2026, 9, 8);
  assert.equal(tokenPrices(query).cacheRead, 100_000);
  const haiku = { ...query, upstreamModel: 'claude-haiku-5-5' };
  assert.equal(tokenPrices({ ...haiku, inputTokens: 100_001 }).input, 500_000);
  assert.equal(tokenPrices(haiku).input, 100_000);
});
