import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { type Config, settingsOf } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';

function load(file: unknown, environment: Record<string, string> = {}): Config {
  const folder = mkdtempSync(path.join(tmpdir(), 'servers-'));
  const name = path.join(folder, 'servers.json');
  try {
    writeFileSync(name, typeof file === 'string' ? file : JSON.stringify(file));
    return loadConfig({ OPENAI_COMPATIBLE_FILE: name, ...environment }, { projectDir: '/project' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const OLLAMA = { name: 'ollama', baseUrl: 'http://localhost:11434/v1/' };
const DEEPSEEK = { name: 'deepseek', baseUrl: 'https://api.deepseek.com', apiKey: '$DEEPSEEK_KEY' };

test('every server of the file is a provider of its own', () => {
  const config = load([OLLAMA, DEEPSEEK], { DEEPSEEK_KEY: 'sk-1' });
  assert.equal(config.isSandbox, false);
  assert.deepEqual(config.chain, ['openai-compatible-ollama', 'openai-compatible-deepseek']);
  const ollama = settingsOf(config.providers, 'openai-compatible-ollama');
  assert.equal(ollama.baseUrl, 'http://localhost:11434/v1');
  assert.equal(ollama.apiKey, null);
  assert.equal(settingsOf(config.providers, 'openai-compatible-deepseek').apiKey, 'sk-1');
  const first = load([OLLAMA, DEEPSEEK], { DEEPSEEK_KEY: 'sk-1', PREFERRED_PROVIDER: 'deepseek' });
  assert.equal(first.chain[0], 'openai-compatible-deepseek');
});

test('a server whose key is missing is off and says which variable', () => {
  const config = load([OLLAMA, DEEPSEEK]);
  assert.deepEqual(config.chain, ['openai-compatible-ollama']);
  const { offReason } = settingsOf(config.providers, 'openai-compatible-deepseek');
  assert.equal(offReason, 'DEEPSEEK_KEY is not set');
});

test('mistakes are told in one line each, with the entry', () => {
  const wrong: [unknown, RegExp][] = [
    ['not json', /OPENAI_COMPATIBLE_FILE: .*servers\.json is no JSON/],
    [{ name: 'x' }, /OPENAI_COMPATIBLE_FILE: the file in /],
    [[{ ...OLLAMA, name: 'Bad Name' }], /0\.name in .*: must be lower-case/],
    [[{ ...OLLAMA, baseUrl: 'ftp://x' }], /0\.baseUrl in /],
    [[{ ...OLLAMA, quirk: {} }], /0 in .*quirk/],
    [[OLLAMA, OLLAMA], /two servers are named "ollama"/],
    [[{ ...OLLAMA, apiKey: 'a b' }], /the apiKey of "ollama" holds a character/],
  ];
  for (const [file, message] of wrong) assert.throws(() => load(file), message);
  assert.throws(
    () => loadConfig({ OPENAI_COMPATIBLE_FILE: '/nowhere.json' }, { projectDir: '/project' }),
    /OPENAI_COMPATIBLE_FILE: \/nowhere\.json cannot be read/,
  );
});
