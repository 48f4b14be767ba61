import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../config/load.ts';
import { findProvider } from '../../ingress/find-provider.ts';

const { providers } = loadConfig({}, { projectDir: import.meta.dirname });

test('a provider goes by its id and by its short name', () => {
  const cases = [
    ['openrouter', 'openrouter'],
    ['vertex', 'vertex-claude'],
    ['vertex-gemini', 'vertex-gemini'],
    ['gemini', 'vertex-gemini'],
    ['github', 'github-models'],
    ['', null],
    ['nobody', null],
    ['constructor', null],
    ['OPENROUTER', null],
  ] as const;
  for (const [name, expected] of cases) {
    assert.equal(findProvider(providers, name)?.id ?? null, expected, name);
  }
});
