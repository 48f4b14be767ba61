import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findModel, loadCatalog, parseCatalog } from '../../config/catalog.ts';

const catalog = loadCatalog();
const MODEL = {
  id: 'm',
  displayName: 'M',
  line: null,
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
  ]) {
    assert.notEqual(findModel(catalog, id), undefined, id);
  }
  assert.equal(findModel(catalog, 'claude-haiku-4-5')?.id, 'claude-haiku-4-5-20251001');
  assert.equal(findModel(catalog, 'claude-haiku'), undefined);
});

test('what an entry says agrees with its id', () => {
  for (const { id, line, createdAt, displayName } of catalog.models) {
    assert.equal(id.split('-')[1], line);
    const date = /-(\d{4})(\d\d)(\d\d)$/.exec(id);
    assert.equal(
      createdAt,
      date === null ? undefined : `${date[1]}-${date[2]}-${date[3]}T00:00:00Z`,
    );
    const name = id
      .replace(/-\d{8}$/, '')
      .replace(/(\d)-(\d)/, '$1.$2')
      .replaceAll('-', ' ');
    assert.equal(displayName.toLowerCase(), name);
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
    [MODEL, { ...MODEL, aliases: [] }],
    [MODEL, { ...MODEL, id: 'n', aliases: [] }],
  ]) {
    assert.throws(() => parseCatalog({ models }), { name: /ZodError/ });
  }
});
