import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../config/load.ts';
import type { ModelMapping } from '../../config/model-mapping.ts';
import { ConfigError, type Environment } from '../../config/reader.ts';
import { PROVIDER_IDS } from '../../schemas/provider.ts';

function load(environment: Environment): ModelMapping {
  const options = { projectDir: '/project' };
  return loadConfig(environment, options).modelMapping;
}

function problems(environment: Environment): readonly string[] {
  try {
    load(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('without a word about models the catalog decides', () => {
  const { providers, ...wishes } = load({});
  assert.deepEqual(wishes, { rules: [], tiers: {} });
  assert.deepEqual(providers.toSorted(), PROVIDER_IDS.toSorted());
});

test('BIG_MODEL, MIDDLE_MODEL and SMALL_MODEL set the tiers, with or without a provider', () => {
  const big = { provider: 'openrouter', model: 'qwen/qwen3-coder' };
  const small = { provider: null, model: 'gemini-2.5-flash' };
  const { tiers } = load({
    BIG_MODEL: 'openrouter/qwen/qwen3-coder',
    SMALL_MODEL: ' gemini-2.5-flash ',
  });
  assert.deepEqual(tiers, { haiku: small, sonnet: big, opus: big, fable: big });
  const middle = load({ MIDDLE_MODEL: 'gemini/gemini-2.5-pro', BIG_MODEL: '' }).tiers;
  assert.deepEqual(middle, { sonnet: { provider: 'vertex-gemini', model: 'gemini-2.5-pro' } });
});

test('a model name with a space is a problem that names the variable', () => {
  assert.deepEqual(problems({ BIG_MODEL: 'qwen 3' }), [
    'BIG_MODEL is "qwen 3"; it must be a model\'s name without spaces, like gemini-2.5-pro or openrouter/qwen/qwen3-coder',
  ]);
});

test('the rules of the file keep their order; a provider may be named in three ways', () => {
  using folder = mkdtempDisposableSync(path.join(tmpdir(), 'models-'));
  const file = path.join(folder.path, 'models.json');
  const rules = [
    { match: 'claude-*haiku*', provider: 'gemini', model: 'gemini-2.5-flash' },
    { match: 'fast', model: 'github/gpt-4o-mini' },
    { match: '*', provider: 'openrouter', model: 'a/b' },
    { match: 'x', model: 'y' },
  ];
  writeFileSync(file, JSON.stringify(rules));
  assert.deepEqual(load({ MODEL_MAPPING_FILE: file }).rules, [
    { match: 'claude-*haiku*', provider: 'vertex-gemini', model: 'gemini-2.5-flash' },
    { match: 'fast', provider: 'github-models', model: 'gpt-4o-mini' },
    { match: '*', provider: 'openrouter', model: 'a/b' },
    { match: 'x', provider: null, model: 'y' },
  ]);
});

test('a bad file is told in one line that names file and entry', () => {
  using folder = mkdtempDisposableSync(path.join(tmpdir(), 'models-'));
  const file = path.join(folder.path, 'models.json');
  const missing = path.join(folder.path, 'none.json');
  assert.deepEqual(problems({ MODEL_MAPPING_FILE: missing }), [
    `MODEL_MAPPING_FILE: ${missing} cannot be read`,
  ]);
  const good = { match: 'a', model: 'b' };
  for (const [content, expected] of [
    ['[{', `MODEL_MAPPING_FILE: ${file} is no JSON`],
    ['{}', /^MODEL_MAPPING_FILE: the list in .*models\.json: /],
    [JSON.stringify([good, { match: 'a' }]), /: entry 2, model in .*models\.json: /],
    [JSON.stringify([{ ...good, match: 'a b' }]), /: entry 1, match in .*: must be 1 to 200 /],
    [JSON.stringify([{ ...good, modle: 'x' }]), /: entry 1 in .*: .*modle/],
    [
      JSON.stringify([good, good, { ...good, provider: 'opnerouter' }]),
      /: entry 3, provider in .*: "opnerouter" is no provider; known are .*openrouter/,
    ],
  ] as const) {
    writeFileSync(file, content);
    const [problem = '', ...others] = problems({ MODEL_MAPPING_FILE: file });
    assert.deepEqual(others, []);
    if (typeof expected === 'string') assert.equal(problem, expected);
    else assert.match(problem, expected);
    assert.ok(!problem.includes('\n'));
  }
});
