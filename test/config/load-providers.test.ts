import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import { type BuiltInProviderId, PROVIDER_IDS } from '../../schemas/provider.ts';

function load(environment: Record<string, string> = {}): Config {
  return loadConfig(environment, { projectDir: '/project' });
}

function enabled(config: Config): readonly BuiltInProviderId[] {
  return PROVIDER_IDS.filter((id) => config.providers[id].isEnabled);
}

test('a provider is on with its own credential, and the others say what they miss', () => {
  const config = load({ ANTHROPIC_API_KEY: 'sk-ant-1' });
  assert.equal(config.isSandbox, false);
  assert.deepEqual(enabled(config), ['anthropic']);
  assert.deepEqual(config.chain, ['anthropic']);
  assert.equal(config.providers.anthropic.baseUrl, 'https://api.anthropic.com');
  assert.equal(config.providers.openrouter.offReason, 'OPENROUTER_API_KEY is not set');
  assert.equal(config.providers['vertex-claude'].offReason, 'VERTEX_PROJECT_ID is not set');
  assert.deepEqual(enabled(load({ OPENROUTER_API_KEY: 'sk-or-1' })), ['openrouter']);
  assert.deepEqual(enabled(load({ VERTEX_PROJECT_ID: 'p' })), ['vertex-claude', 'vertex-gemini']);
});

test('GitHub Models’ wire and OpenAI-compatible servers are on with an address of their own', () => {
  const config = load({
    VERTEX_PROJECT_ID: 'p',
    GITHUB_TOKEN: 'ghp_1',
    GITHUB_MODELS_BASE_URL: 'https://foundry.example',
    OPENAI_COMPATIBLE_BASE_URL: 'http://127.0.0.1:11434/v1/',
  });
  assert.deepEqual(enabled(config), [
    'vertex-claude',
    'vertex-gemini',
    'github-models',
    'openai-compatible',
  ]);
  assert.equal(config.providers['openai-compatible'].baseUrl, 'http://127.0.0.1:11434/v1');
});

test('GitHub Models is off without another endpoint: its owner retired it', () => {
  const github = load({ GITHUB_TOKEN: 'ghp_1', ANTHROPIC_API_KEY: 'k' }).providers['github-models'];
  assert.equal(github.isEnabled, false);
  assert.match(github.offReason ?? '', /retired .* 2026-07-30.*GITHUB_MODELS_BASE_URL/);
  const keyless = load({
    GITHUB_MODELS_BASE_URL: 'https://foundry.example',
    ANTHROPIC_API_KEY: 'k',
  });
  assert.equal(keyless.providers['github-models'].offReason, 'GITHUB_TOKEN is not set');
});

test('without any credential every provider that is not retired stands for the sandbox', () => {
  const config = load({
    SANDBOX_URL: 'http://sandbox:8099/',
    OPENROUTER_BASE_URL: 'https://or.example',
  });
  assert.equal(config.isSandbox, true);
  assert.equal(config.sandboxUrl, 'http://sandbox:8099');
  assert.deepEqual(
    enabled(config),
    PROVIDER_IDS.filter((id) => id !== 'github-models'),
  );
  for (const id of enabled(config)) {
    assert.equal(config.providers[id].baseUrl, 'http://sandbox:8099');
    assert.equal(config.providers[id].apiKey, 'sandbox');
    assert.equal(config.providers[id].offReason, null);
  }
  assert.equal(config.providers['vertex-claude'].projectId, 'sandbox');
});

test('the sandbox never means a real provider, also when nobody says where it is', () => {
  const config = load();
  assert.equal(config.sandboxUrl, null);
  for (const id of enabled(config)) {
    assert.equal(new URL(config.providers[id].baseUrl).hostname, '127.0.0.1');
  }
});

test('one credential ends the sandbox, also with SANDBOX_URL set', () => {
  const config = load({ SANDBOX_URL: 'http://sandbox:8099', OPENROUTER_API_KEY: 'sk-or-1' });
  assert.equal(config.isSandbox, false);
  assert.equal(config.sandboxUrl, null);
  assert.equal(config.providers.openrouter.baseUrl, 'https://openrouter.ai');
});

test('an override replaces scheme and host; a path is refused where the provider has its own', () => {
  const base = { ANTHROPIC_API_KEY: 'k' };
  const at = (url: string): string =>
    load({ ...base, ANTHROPIC_UPSTREAM_URL: url }).providers.anthropic.baseUrl;
  assert.equal(at('https://proxy.example'), 'https://proxy.example');
  assert.equal(at('https://Proxy.example:8443/'), 'https://proxy.example:8443');
  assert.equal(at('http://127.0.0.1:9999'), 'http://127.0.0.1:9999');
  for (const url of [
    'https://proxy.example/v1',
    'https://proxy.example/?a=1',
    'https://proxy.example/#a',
    'https://user@proxy.example',
    'proxy.example',
    'ftp://proxy.example',
    'https://',
    'javascript:alert(1)',
  ]) {
    assert.throws(() => at(url), /configuration: ANTHROPIC_UPSTREAM_URL /, url);
  }
});

test('the region decides the host of Vertex AI', () => {
  const host = (region?: string): string =>
    load({ VERTEX_PROJECT_ID: 'p', ...(region === undefined ? {} : { VERTEX_REGION: region }) })
      .providers['vertex-claude'].baseUrl;
  assert.equal(host(), 'https://us-east5-aiplatform.googleapis.com');
  assert.equal(host('europe-west1'), 'https://europe-west1-aiplatform.googleapis.com');
  assert.equal(host('global'), 'https://aiplatform.googleapis.com');
  assert.equal(host('eu'), 'https://aiplatform.eu.rep.googleapis.com');
});

test('a missing Google credentials file matters only where it would be used', () => {
  const file = { GOOGLE_APPLICATION_CREDENTIALS: path.join(tmpdir(), 'no-such-file.json') };
  assert.throws(
    () => load({ ...file, VERTEX_PROJECT_ID: 'p' }),
    /GOOGLE_APPLICATION_CREDENTIALS: .*no-such-file\.json does not exist/,
  );
  load({ ...file, VERTEX_PROJECT_ID: 'p', VERTEX_ACCESS_TOKEN: 't' });
  load({ ...file, OPENROUTER_API_KEY: 'k' });
});

test('the chain is the named providers that are on, with the preferred one first', () => {
  const keys = { ANTHROPIC_API_KEY: 'a', OPENROUTER_API_KEY: 'o', VERTEX_PROJECT_ID: 'p' };
  const chain = (more: Record<string, string>) => load({ ...keys, ...more }).chain;
  assert.deepEqual(chain({}), ['vertex-claude', 'anthropic', 'vertex-gemini', 'openrouter']);
  assert.deepEqual(chain({ PROVIDER_CHAIN: 'openrouter, vertex,openrouter' }), [
    'openrouter',
    'vertex-claude',
  ]);
  assert.deepEqual(chain({ PREFERRED_PROVIDER: 'openrouter' }), [
    'openrouter',
    'vertex-claude',
    'anthropic',
    'vertex-gemini',
  ]);
  assert.deepEqual(chain({ PREFERRED_PROVIDER: 'gemini', PROVIDER_CHAIN: 'anthropic' }), [
    'vertex-gemini',
    'anthropic',
  ]);
  assert.throws(
    () => chain({ PROVIDER_CHAIN: 'github' }),
    /PROVIDER_CHAIN names no provider that is on \(github-models: GitHub retired/,
  );
});

test('a credential that no header can carry is told, not sent', () => {
  for (const name of ['ANTHROPIC_API_KEY', 'OPENROUTER_API_KEY', 'VERTEX_ACCESS_TOKEN']) {
    assert.throws(() => load({ [name]: 'a\r\nx-injected: 1' }), new RegExp(`${name} holds`));
    assert.throws(() => load({ [name]: '“sk-quoted”' }), new RegExp(`${name} holds`));
  }
});
