import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCatalog, MODEL_TIERS, modelNames, parseCatalog } from '../../config/catalog.ts';
import { createModelIndex } from '../../config/model-index.ts';

const catalog = loadCatalog();
const index = createModelIndex(catalog);
const MODEL = {
  id: 'm',
  displayName: 'M',
  line: null,
  tier: null,
  ids: { openrouter: 'maker/m' },
  capabilities: {},
  lifecycle: 'active',
  aliases: ['n'],
  source: 'a test',
  asOf: '2026-11-22',
};

test('the models that Claude Code asks for are in the catalog', () => {
  for (const id of [
    ...['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-5-5', 'claude-fable-5-2'],
    ...['claude-opus-4-8', 'claude-sonnet-5', 'claude-haiku-4-5-20251001', 'claude-fable-5'],
    ...['claude-mythos-5-2', 'claude-sonnet-4-5-20250929', 'claude-opus-4-5'],
    ...['claude-3-haiku-20240307', 'claude-3-5-sonnet-20240620', 'claude-3-7-sonnet-20250219'],
  ]) {
    assert.notEqual(index.find(id), null, id);
  }
  assert.equal(index.find('claude-haiku-4-5')?.id, 'claude-haiku-4-5-20251001');
  assert.equal(index.find('claude-haiku-none'), null);
});

test('what an entry about Claude says agrees with its id', () => {
  const claude = catalog.models.filter(({ line }) => line !== null);
  assert.ok(claude.length > 25);
  for (const { id, line, tier, createdAt, displayName, ids } of claude) {
    assert.ok(id.split('-').includes(line ?? ''), id);
    assert.equal(tier, line === 'mythos' ? 'fable' : line);
    assert.equal(ids.anthropic, id);
    const date = /-(\d{4})(\d\d)(\d\d)$/.exec(id);
    assert.equal(
      createdAt,
      date === null ? undefined : `${date[1]}-${date[2]}-${date[3]}T00:00:00Z`,
    );
    assert.equal(ids['vertex-claude']?.includes('@'), date !== null, id);
    assert.ok(displayName.toLowerCase().startsWith(`claude ${line}`), displayName);
  }
});

test('every model whose size is known holds its longest answer', () => {
  for (const { id, contextWindowTokens, maxOutputTokens } of catalog.models) {
    if (contextWindowTokens === undefined || maxOutputTokens === undefined) continue;
    assert.ok(maxOutputTokens <= contextWindowTokens, id);
  }
  const sized = catalog.models.filter(
    ({ contextWindowTokens }) => contextWindowTokens !== undefined,
  );
  assert.ok(sized.length >= catalog.models.length - 3);
});

test('effort levels go with a way of thinking that has them', () => {
  for (const { id, capabilities } of catalog.models) {
    if (capabilities.effortLevels === undefined) continue;
    assert.ok(['adaptive', 'level', 'effort'].includes(capabilities.thinking ?? ''), id);
  }
});

test('the newest Gemini of a kind stands in for each tier', () => {
  const standIns = MODEL_TIERS.map((tier) => index.standIn(tier, 'vertex-gemini')?.id);
  const [pro, flash] = ['gemini-3.1-pro-preview', 'gemini-3.8-flash'];
  assert.deepEqual(standIns, [flash, pro, pro, pro]);
  assert.equal(index.standIn('opus', 'openai-compatible'), null);
});

test('every name of a model finds it', () => {
  for (const model of catalog.models) {
    for (const name of modelNames(model)) assert.equal(index.find(name)?.id, model.id, name);
  }
});

test('a catalog with a wrong entry is refused', () => {
  assert.equal(parseCatalog({ models: [MODEL] }).models.length, 1);
  for (const models of [
    [{ ...MODEL, id: 'has space' }],
    [{ ...MODEL, price: 1 }],
    [{ ...MODEL, contextWindowTokens: 0 }],
    [{ ...MODEL, asOf: 'today' }],
    [{ ...MODEL, source: undefined }],
    [{ ...MODEL, tier: 'pro' }],
    [{ ...MODEL, ids: { nobody: 'm' } }],
    [{ ...MODEL, capabilities: { thinking: 'hard' } }],
    [MODEL, { ...MODEL, aliases: [], ids: {} }],
    [MODEL, { ...MODEL, id: 'n', aliases: [], ids: {} }],
    [MODEL, { ...MODEL, id: 'o', aliases: [] }],
  ]) {
    assert.throws(() => parseCatalog({ models }), { name: /ZodError/ });
  }
});
