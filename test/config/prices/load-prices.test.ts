import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../../config/load.ts';
import { loadOverlay } from '../../../config/prices/price-entry.ts';
import { createPriceList } from '../../../config/prices/price-list.ts';
import { PUBLISHED_LIST_URL } from '../../../config/prices/refresh/published-list.ts';
import { ConfigError } from '../../../config/reader.ts';
import { formatUsd } from '../../../schemas/money.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'prices-'));
const entry = { match: 'x', input: '1', output: '2', source: 'a contract', asOf: '2026-11-26' };

function load(content: unknown, environment: Record<string, string> = {}) {
  const file = path.join(folder, 'prices.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return loadConfig({ PRICES_FILE: file, ...environment }, { projectDir: folder }).prices;
}

test('without a file there is nothing in front', () => {
  const { prices } = loadConfig({}, { projectDir: folder });
  assert.deepEqual(prices.userOverlay, []);
  assert.equal(prices.region, 'us-east5');
});

test('the configuration is what a price list is made of', () => {
  const prices = load([entry], {
    VERTEX_PROJECT_ID: 'p',
    VERTEX_REGION: 'global',
    VERTEX_ACCESS_TOKEN: 't',
    OPENAI_COMPATIBLE_BASE_URL: 'http://127.0.0.1:11434/v1',
  });
  const list = createPriceList(prices);
  const input = (provider: 'vertex-claude' | 'openai-compatible', upstreamModel: string): string =>
    formatUsd(list.pricesOf({ provider, upstreamModel }).input * 1_000_000n);
  assert.equal(input('vertex-claude', 'claude-opus-5-5'), '4');
  assert.equal(input('vertex-claude', 'x'), '1');
  assert.equal(input('openai-compatible', 'llama'), '0');
});

test('a bad file is told with its entry and field', () => {
  const table: readonly (readonly [unknown, RegExp])[] = [
    ['{', /PRICES_FILE: .*prices\.json is no JSON/],
    [{}, /PRICES_FILE: the list in .*expected array/],
    [[{ ...entry, input: 1 }], /PRICES_FILE: entry 1, input in /],
    [[{ ...entry, input: '-1' }], /entry 1, input in .*decimal number in quotes/],
    [[entry, { ...entry, cacheRead: '1e3' }], /entry 2, cacheRead in /],
    [[{ ...entry, output: undefined }], /entry 1, output in .*: is missing/],
    [[{ ...entry, input: undefined, output: undefined, tiers: [] }], /entry 1, tiers in /],
    [[{ ...entry, cacheWrites: '1' }], /entry 1 in .*cacheWrites/],
    [[{ ...entry, provider: 'nowhere' }], /entry 1, provider in .*id of a provider/],
    [[{ ...entry, provider: 'anthropic', providers: ['openrouter'] }], /entry 1, providers in /],
    [[{ ...entry, asOf: 'today' }], /entry 1, asOf in /],
    [[{ ...entry, effectiveFrom: '2026-13-01' }], /entry 1, effectiveFrom in /],
    [[{ ...entry, source: undefined }], /entry 1, source in /],
    [[{ ...entry, regional: '10%' }], /entry 1, regional in .*factor in quotes/],
    [
      [
        {
          ...entry,
          tiers: [
            { aboveInputTokens: 2, input: '1', output: '1' },
            { aboveInputTokens: 1, input: '1', output: '1' },
          ],
        },
      ],
      /entry 1, tiers in .*must rise/,
    ],
  ];
  for (const [content, message] of table) {
    assert.throws(
      () => load(content),
      (error) => error instanceof ConfigError && message.test(error.message),
      JSON.stringify(content),
    );
  }
});

test('a file that is not there is told', () => {
  assert.throws(
    () => loadConfig({ PRICES_FILE: path.join(folder, 'none.json') }, { projectDir: folder }),
    /PRICES_FILE: .*none\.json cannot be read/,
  );
});

test('prices are refreshed only where the operator says so, from where the package says or he does', () => {
  const refresh = (environment: Record<string, string>) =>
    loadConfig(environment, { projectDir: folder }).prices.refresh;
  const mirror = 'https://mirror.example/genai-prices/data.json';
  assert.equal(refresh({}), null);
  assert.equal(refresh({ PRICES_REFRESH: 'off', PRICES_REFRESH_URL: mirror }), null);
  assert.deepEqual(refresh({ PRICES_REFRESH: 'daily' }), { url: PUBLISHED_LIST_URL });
  assert.match(PUBLISHED_LIST_URL, /^https:/);
  assert.deepEqual(refresh({ PRICES_REFRESH: 'daily', PRICES_REFRESH_URL: mirror }), {
    url: mirror,
  });
});

test('a bad refresh is told in one line that says how to put it right', () => {
  const table: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ PRICES_REFRESH: 'weekly' }, /PRICES_REFRESH is "weekly"; it must be one of off, daily$/],
    [{ PRICES_REFRESH: 'true' }, /PRICES_REFRESH is "true"; it must be one of off, daily$/],
    ...['mirror.example/data.json', 'ftp://mirror.example/data.json', 'file:///data.json'].map(
      (url) =>
        [
          { PRICES_REFRESH_URL: url },
          /PRICES_REFRESH_URL is ".*"; it must be an address like https:\/\/host$/,
        ] as const,
    ),
    [
      { PRICES_REFRESH: 'daily', PRICES_REFRESH_URL: 'https://me:secret@mirror.example/data.json' },
      /PRICES_REFRESH_URL must not hold a user, a password, a query or a fragment$/,
    ],
  ];
  for (const [environment, message] of table) {
    assert.throws(
      () => loadConfig(environment, { projectDir: folder }),
      (error) =>
        error instanceof ConfigError &&
        message.test(error.message) &&
        error.problems.length === 1 &&
        !error.message.includes('secret'),
      JSON.stringify(environment),
    );
  }
});

test('every entry that ships says where it comes from', () => {
  const entries = loadOverlay();
  assert.ok(entries.length > 0);
  for (const { source, asOf } of entries) {
    assert.ok(source.length > 5);
    assert.match(asOf, /^2026-/);
  }
});
