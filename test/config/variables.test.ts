import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseEnv } from 'node:util';
import { configWarnings, loadConfig } from '../../config/load.ts';
import { VARIABLES } from '../../config/variables.ts';

const example = readFileSync(path.join(import.meta.dirname, '../../.env.example'), 'utf8');
const entries = Array.from(example.matchAll(/^#([A-Z][A-Z0-9_]*)=(.*)$/gm), ([, name, value]) => ({
  name: name ?? '',
  value: value ?? '',
}));

test('.env.example names exactly the variables that the gateway reads, each once', () => {
  assert.deepEqual(
    entries.map(({ name }) => name).toSorted(),
    VARIABLES.map(({ name }) => name).toSorted(),
  );
});

test('.env.example sets nothing as it is, and its values are accepted', () => {
  assert.deepEqual(parseEnv(example), {});
  const values = Object.fromEntries(
    entries.filter(({ value }) => value !== '').map(({ name, value }) => [name, value]),
  );
  loadConfig(values, { projectDir: '/project' });
});

test('the defaults in .env.example are the defaults', () => {
  const options = { projectDir: '/project' };
  const shown = entries.filter(
    ({ name, value }) => value !== '' && name !== 'OPENAI_COMPATIBLE_BASE_URL',
  );
  const values = Object.fromEntries(shown.map(({ name, value }) => [name, value]));
  assert.deepEqual(loadConfig(values, options), loadConfig({}, options));
});

test('a name that looks like one of ours is told with what was meant', () => {
  assert.deepEqual(configWarnings({ GATEWAY_PROT: '1' }), [
    'GATEWAY_PROT is not a variable of this gateway; did you mean GATEWAY_PORT?',
  ]);
  assert.deepEqual(configWarnings({ GATEWAY_API_KEY: 'x', GATEWAY_COLOUR_OF_BANNER: 'y' }), [
    'GATEWAY_API_KEY is not a variable of this gateway; did you mean GATEWAY_API_KEYS?',
    'GATEWAY_COLOUR_OF_BANNER is not a variable of this gateway (see .env.example)',
  ]);
});

test('known names, those of others and those of Kubernetes are passed over', () => {
  const known = Object.fromEntries(VARIABLES.map(({ name }) => [name, 'x']));
  assert.deepEqual(
    configWarnings({
      ...known,
      GATEWAY_API_KEYS_FILE: '/run/secrets/keys',
      GATEWAY_SERVICE_HOST: '10.0.0.1',
      GATEWAY_SERVICE_PORT_HTTP: '8080',
      GATEWAY_PORT_8080_TCP_ADDR: '10.0.0.1',
      ANTHROPIC_BASE_URL: 'http://127.0.0.1:8080',
      PATH: '/bin',
    }),
    [],
  );
});

test('plain http is warned about where the host is public', () => {
  const about = (url: string): number => configWarnings({ OPENROUTER_BASE_URL: url }).length;
  for (const host of [
    '127.0.0.1:1',
    'localhost',
    '[::1]:8080',
    '10.1.2.3',
    '172.20.0.2',
    '192.168.0.9',
    '[fd00::1]',
    'sandbox:8099',
    'ollama.local',
    'llm.corp.internal',
  ]) {
    assert.equal(about(`http://${host}`), 0, host);
  }
  for (const host of [
    'openrouter.ai',
    '8.8.8.8',
    '172.32.0.1',
    '[2001:db8::1]',
    'localhost.evil.com',
  ]) {
    assert.equal(about(`http://${host}`), 1, host);
    assert.equal(about(`https://${host}`), 0, host);
  }
});
