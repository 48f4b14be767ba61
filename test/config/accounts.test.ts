import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { accountsOf } from '../../config/accounts.ts';
import { type Config, settingsOf } from '../../config/config.ts';
import { configWarnings, loadConfig } from '../../config/load.ts';
import type { ProviderId } from '../../schemas/provider.ts';

function load(environment: Record<string, string>): Config {
  return loadConfig(environment, { projectDir: '/project' });
}

function accounts(config: Config, id: ProviderId): [string, string | null][] {
  return accountsOf(settingsOf(config.providers, id)).map(({ account, apiKey }) => [
    account,
    apiKey,
  ]);
}

test('every key may be numbered, with gaps, and without a first', () => {
  const config = load({
    ANTHROPIC_API_KEY: 'a1',
    ANTHROPIC_API_KEY_3: 'a3',
    OPENROUTER_API_KEY_9: 'o9',
    GITHUB_TOKEN: 'g1',
    GITHUB_TOKEN_2: 'g2',
    GITHUB_MODELS_BASE_URL: 'https://foundry.example',
    OPENAI_COMPATIBLE_BASE_URL: 'http://127.0.0.1:1/v1',
    OPENAI_COMPATIBLE_API_KEY: 'c1',
    OPENAI_COMPATIBLE_API_KEY_2: 'c2',
  });
  assert.deepEqual(accounts(config, 'anthropic'), [
    ['ANTHROPIC_API_KEY', 'a1'],
    ['ANTHROPIC_API_KEY_3', 'a3'],
  ]);
  assert.deepEqual(accounts(config, 'openrouter'), [['OPENROUTER_API_KEY_9', 'o9']]);
  assert.equal(config.providers.openrouter.isEnabled, true);
  assert.deepEqual(accounts(config, 'github-models'), [
    ['GITHUB_TOKEN', 'g1'],
    ['GITHUB_TOKEN_2', 'g2'],
  ]);
  assert.deepEqual(accounts(config, 'openai-compatible'), [
    ['openai-compatible', 'c1'],
    ['OPENAI_COMPATIBLE_API_KEY_2', 'c2'],
  ]);
  for (const id of config.chain) {
    for (const each of accountsOf(settingsOf(config.providers, id))) {
      assert.equal(each.moreAccounts, undefined);
      assert.equal(each.id, id);
    }
  }
});

test('a provider without a key has one account', () => {
  const config = load({ OPENAI_COMPATIBLE_BASE_URL: 'http://127.0.0.1:1/v1' });
  assert.deepEqual(accounts(config, 'openai-compatible'), [['openai-compatible', null]]);
  assert.deepEqual(accounts(config, 'anthropic'), [['ANTHROPIC_API_KEY', null]]);
});

test('a numbered key may come from a file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'accounts-'));
  const file = path.join(folder, 'key');
  try {
    writeFileSync(file, 'from-a-file\n');
    const config = load({ ANTHROPIC_API_KEY: 'a1', ANTHROPIC_API_KEY_2_FILE: file });
    assert.deepEqual(accounts(config, 'anthropic')[1], ['ANTHROPIC_API_KEY_2', 'from-a-file']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a project of Vertex has what its number says, and the rest from the first', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'accounts-'));
  const file = path.join(folder, 'service-account.json');
  try {
    writeFileSync(file, '{}');
    const { providers } = load({
      VERTEX_PROJECT_ID: 'one',
      VERTEX_REGION: 'global',
      VERTEX_ACCESS_TOKEN: 't1',
      VERTEX_PROJECT_ID_2: 'two',
      VERTEX_REGION_2: 'europe-west1',
      GOOGLE_APPLICATION_CREDENTIALS_2: file,
      VERTEX_PROJECT_ID_3: 'three',
      VERTEX_ACCESS_TOKEN_3: 't3',
      VERTEX_PROJECT_ID_4: 'four',
    });
    const rows = accountsOf(providers['vertex-claude']).map((each) => [
      each.account,
      each.projectId,
      each.region,
      each.apiKey,
      each.credentialsFile,
      each.baseUrl,
    ]);
    const global = 'https://aiplatform.googleapis.com';
    const europe = 'https://europe-west1-aiplatform.googleapis.com';
    assert.deepEqual(rows, [
      ['one', 'one', 'global', 't1', undefined, global],
      ['VERTEX_PROJECT_ID_2', 'two', 'europe-west1', null, file, europe],
      ['VERTEX_PROJECT_ID_3', 'three', 'global', 't3', undefined, global],
      ['VERTEX_PROJECT_ID_4', 'four', 'global', 't1', undefined, global],
    ]);
    assert.equal(accountsOf(providers['vertex-gemini']).length, 4);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('an address of Vertex that is given serves every project', () => {
  const { providers } = load({
    VERTEX_PROJECT_ID: 'one',
    VERTEX_PROJECT_ID_2: 'two',
    VERTEX_REGION_2: 'europe-west1',
    VERTEX_ACCESS_TOKEN: 't1',
    VERTEX_CLAUDE_BASE_URL: 'http://127.0.0.1:5',
  });
  const urls = accountsOf(providers['vertex-claude']).map(({ baseUrl }) => baseUrl);
  assert.deepEqual(urls, ['http://127.0.0.1:5', 'http://127.0.0.1:5']);
});

test('a named server may have a list of keys', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'accounts-'));
  const file = path.join(folder, 'servers.json');
  try {
    const server = { name: 'groq', baseUrl: 'https://api.groq.com/openai/v1' };
    writeFileSync(file, JSON.stringify([{ ...server, apiKey: ['$GROQ_1', '$GROQ_2', 'literal'] }]));
    const config = load({ OPENAI_COMPATIBLE_FILE: file, GROQ_2: 'second' });
    assert.deepEqual(accounts(config, 'openai-compatible-groq'), [
      ['groq_2', 'second'],
      ['groq_3', 'literal'],
    ]);
    writeFileSync(file, JSON.stringify([{ ...server, apiKey: ['$GROQ_1', '$GROQ_2'] }]));
    const off = settingsOf(
      load({ OPENAI_COMPATIBLE_FILE: file, ANTHROPIC_API_KEY: 'a' }).providers,
      'openai-compatible-groq',
    );
    assert.deepEqual([off.isEnabled, off.offReason], [false, 'GROQ_1, GROQ_2 is not set']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the sandbox has one account per provider, and gets no key that was left over', () => {
  const config = load({ OPENAI_COMPATIBLE_API_KEY: 'real', OPENAI_COMPATIBLE_API_KEY_2: 'real-2' });
  assert.equal(config.isSandbox, true);
  for (const id of config.chain) {
    const [first, ...others] = accounts(config, id);
    assert.deepEqual([first?.[1], others], ['sandbox', []]);
  }
});

test('mistakes about accounts are told', () => {
  const wrong: [Record<string, string>, RegExp][] = [
    [
      { ANTHROPIC_API_KEY: 'same', ANTHROPIC_API_KEY_4: 'same' },
      /ANTHROPIC_API_KEY_4 is the same key as ANTHROPIC_API_KEY: keep one/,
    ],
    [{ ANTHROPIC_API_KEY_2: 'a b' }, /ANTHROPIC_API_KEY_2 holds a character/],
    [
      { VERTEX_PROJECT_ID: 'p', VERTEX_ACCESS_TOKEN: 't', VERTEX_REGION_2: 'eu' },
      /VERTEX_PROJECT_ID_2 is not set, but others of its number are/,
    ],
    [
      { VERTEX_PROJECT_ID_2: 'p', GOOGLE_APPLICATION_CREDENTIALS_2: '/no/such/file' },
      /GOOGLE_APPLICATION_CREDENTIALS_2: \/no\/such\/file does not exist/,
    ],
    [{ VERTEX_PROJECT_ID_2: 'no/project' }, /VERTEX_PROJECT_ID_2 is "no\/project"/],
    [{ VERTEX_PROJECT_ID_2: 'p', VERTEX_REGION_2: 'No Region' }, /VERTEX_REGION_2 is "No Region"/],
  ];
  for (const [environment, message] of wrong) assert.throws(() => load(environment), message);
});

test('a number that is none is warned about', () => {
  assert.deepEqual(
    configWarnings({ OPENROUTER_API_KEY_2: 'a', OPENROUTER_API_KEY_10: 'b', VERTEX_REGION_1: 'c' }),
    [
      'OPENROUTER_API_KEY_10 has no effect: numbers go from _2 to _9',
      'VERTEX_REGION_1 has no effect: numbers go from _2 to _9',
    ],
  );
});
