import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Config } from '../../config/config.ts';
import { loadConfig, portVariable, readEnvironment } from '../../config/load.ts';
import { ConfigError } from '../../config/reader.ts';
import { VARIABLES } from '../../config/variables.ts';
import { PROVIDER_IDS } from '../../schemas/provider.ts';

const KEY = 'b3fa90c1d6e84c5c9f21';

function load(environment: Record<string, string> = {}): Config {
  return loadConfig(environment, { projectDir: '/project' });
}

function problems(environment: Record<string, string>): readonly string[] {
  try {
    load(environment);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.message.split('\n').length, error.problems.length);
    return error.problems;
  }
  return [];
}

/** A folder that goes with the test. */
function temporaryFolder(): Disposable & { readonly dir: string } {
  const dir = mkdtempSync(path.join(tmpdir(), 'gateway-config-'));
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
}

test('an empty environment is a whole configuration', () => {
  const config = load();
  assert.equal(config.host, '127.0.0.1');
  assert.deepEqual(config.ports, {
    auto: 8080,
    'vertex-claude': 8090,
    'vertex-gemini': 8091,
    'github-models': 8092,
    openrouter: 8093,
  });
  assert.equal(config.dataDir, '/project/.data');
  assert.equal(config.strategy, 'intelligent');
  assert.equal(config.isAutoFallback, true);
  assert.equal(config.isSandbox, true);
  assert.equal(config.natsUrl, null);
  assert.deepEqual(config.chain, [
    'vertex-claude',
    'anthropic',
    'vertex-gemini',
    'openrouter',
    'openai-compatible',
  ]);
});

test('all problems are told at once, each with its variable', () => {
  const wrong = {
    GATEWAY_PORT: '80a',
    OPENROUTER_PORT: '70000',
    GATEWAY_HOST: 'http://0.0.0.0',
    GATEWAY_API_KEYS: 'short',
    GATEWAY_HTTP_ENGINE: 'express',
    DEFAULT_ROUTING_STRATEGY: 'cheapest',
    ENABLE_AUTO_FALLBACK: 'perhaps',
    LOG_LEVEL: 'loud',
    WORKER_CONCURRENCY: '0',
    PROVIDER_CHAIN: 'vertex,claude',
    PREFERRED_PROVIDER: 'constructor',
    ANTHROPIC_UPSTREAM_URL: 'ftp://host',
    VERTEX_REGION: 'evil.example/',
    VERTEX_PROJECT_ID: '../other',
    NATS_URL: 'http://host',
    RATE_LIMIT_THRESHOLD: '80',
    ENABLE_COST_OPTIMIZATION: 'ja',
    HOURLY_COST_ALERT_THRESHOLD: '-1',
    DAILY_COST_ALERT_THRESHOLD: '50 USD',
  };
  const told = problems({ ...wrong, VERTEX_ACCESS_TOKEN: 'token' });
  for (const [name, value] of Object.entries(wrong)) {
    const about = told.filter((problem) => problem.startsWith(name));
    assert.equal(about.length, 1, `${name}: ${told.join('\n')}`);
    if (!['NATS_URL', 'GATEWAY_API_KEYS', 'PROVIDER_CHAIN'].includes(name)) {
      assert.ok(about[0]?.includes(value), about[0]);
    }
  }
  assert.equal(told.length, Object.keys(wrong).length);
});

test('a port is moved by a number and switched off by "off" or an empty value', () => {
  const { ports } = load({ GATEWAY_PORT: '9000', OPENROUTER_PORT: 'off', VERTEX_CLAUDE_PORT: '' });
  assert.equal(ports.auto, 9000);
  assert.equal(ports.openrouter, null);
  assert.equal(ports['vertex-claude'], null);
  assert.equal(ports['vertex-gemini'], 8091);
  for (const value of ['0', '65536', '-1', '80.5', '0x50', '1e3', 'Infinity', '8080 8081']) {
    assert.equal(problems({ GATEWAY_PORT: value }).length, 1, value);
  }
});

test('two equal ports are told with both variables', () => {
  assert.deepEqual(problems({ OPENROUTER_PORT: '8080' }), [
    'OPENROUTER_PORT and GATEWAY_PORT are both 8080: every port needs its own',
  ]);
  assert.deepEqual(problems({ OPENROUTER_PORT: '8080', GATEWAY_PORT: 'off' }), []);
  assert.equal(portVariable('openrouter'), 'OPENROUTER_PORT');
});

test('outside loopback there is no start without client keys', () => {
  for (const host of ['0.0.0.0', '::', '[::]', '192.168.1.5', 'gateway.example', '127.evil.com']) {
    assert.match(problems({ GATEWAY_HOST: host })[0] ?? '', /GATEWAY_HOST .*set GATEWAY_API_KEYS/);
    assert.deepEqual(problems({ GATEWAY_HOST: host, GATEWAY_API_KEYS: KEY }), []);
    assert.deepEqual(problems({ GATEWAY_HOST: host, GATEWAY_PUBLISHED_ON_LOOPBACK: 'true' }), []);
  }
  for (const host of ['127.0.0.1', '127.8.8.8', 'localhost', '::1', '[::1]']) {
    assert.deepEqual(problems({ GATEWAY_HOST: host }), []);
  }
});

test('a weak key is refused and not repeated', () => {
  const weak = [
    'fifteen-letters',
    'change-me-please-now',
    'your-api-key-goes-here',
    '<insert your key here>',
    'aaaaaaaaaaaaaaaaaaaa',
    '12345678901234567890',
    'password12345678',
    'sk-change-me-0123456789',
    'a key with some spaces',
    'Schlüssel-mit-Umlaut',
  ];
  for (const key of weak) {
    for (const name of ['GATEWAY_API_KEYS', 'ADMIN_API_KEY']) {
      const told = problems({ [name]: key });
      assert.ok(told.length > 0, key);
      assert.ok(told.every((problem) => problem.startsWith(name) && !problem.includes(key)));
    }
  }
  const both = problems({ GATEWAY_API_KEYS: KEY, ADMIN_API_KEY: KEY });
  assert.match(both[0] ?? '', /^ADMIN_API_KEY is one of GATEWAY_API_KEYS/);
});

test('client keys come with commas, or one a line', () => {
  const keys = [KEY, `${KEY}2`];
  assert.deepEqual(load({ GATEWAY_API_KEYS: ` ${KEY}, ${KEY}2,,` }).gatewayApiKeys, keys);
  using folder = temporaryFolder();
  const file = path.join(folder.dir, 'keys');
  writeFileSync(file, `${KEY}\n${KEY}2\n`);
  assert.deepEqual(load({ GATEWAY_API_KEYS_FILE: file }).gatewayApiKeys, keys);
});

test('no message repeats a secret, whatever is wrong', () => {
  const secrets = VARIABLES.filter(({ kind }) => kind === 'secret').map(({ name }) => name);
  fc.assert(
    fc.property(
      fc.constantFrom(...secrets),
      fc.string({ minLength: 8, unit: fc.constantFrom('Q', 'ä', ' ', '"', ',', '\n', '@') }),
      (name, value) => {
        const canary = `ZZ${value}ZZ`;
        for (const problem of problems({ [name]: canary })) assert.ok(!problem.includes('ZZ'));
      },
    ),
    { numRuns: 200 },
  );
  for (const { name } of VARIABLES.filter(({ kind }) => kind === 'address')) {
    for (const value of [
      'http://user:hunter2@host',
      'user:hunter2@host',
      '::user:hunter2@host/x',
    ]) {
      const told = problems({ [name]: value });
      assert.equal(told.length, 1, `${name} ${value}`);
      assert.doesNotMatch(told.join('\n'), /hunter2/);
    }
  }
});

test('a secret may come from a file, but not from two places', () => {
  using folder = temporaryFolder();
  const file = path.join(folder.dir, 'secret');
  writeFileSync(file, '  sk-ant-from-a-file \n');
  const name = 'ANTHROPIC_API_KEY';
  assert.equal(load({ [`${name}_FILE`]: file }).providers.anthropic.apiKey, 'sk-ant-from-a-file');
  assert.match(
    problems({ [name]: 'sk-ant-x', [`${name}_FILE`]: file })[0] ?? '',
    /^ANTHROPIC_API_KEY and ANTHROPIC_API_KEY_FILE are both set/,
  );
  assert.match(problems({ [`${name}_FILE`]: `${file}2` })[0] ?? '', /secret2 cannot be read$/);
  writeFileSync(file, '\n');
  assert.match(problems({ [`${name}_FILE`]: file })[0] ?? '', /secret is empty$/);
});

test('.env fills in what the environment leaves out', () => {
  using folder = temporaryFolder();
  assert.equal(readEnvironment(folder.dir)['GATEWAY_TEST_ONLY_IN_FILE'], undefined);
  writeFileSync(
    path.join(folder.dir, '.env'),
    '# comment\nGATEWAY_TEST_ONLY_IN_FILE="from # file"\nexport PATH=/nowhere\n',
  );
  const environment = readEnvironment(folder.dir);
  assert.equal(environment['GATEWAY_TEST_ONLY_IN_FILE'], 'from # file');
  assert.equal(environment['PATH'], process.env['PATH']);
  assert.equal(process.env['GATEWAY_TEST_ONLY_IN_FILE'], undefined);
});

test('the Google credentials of .env reach the library that looks for them', () => {
  using folder = temporaryFolder();
  const name = 'GOOGLE_APPLICATION_CREDENTIALS';
  const before = process.env[name];
  delete process.env[name];
  try {
    writeFileSync(path.join(folder.dir, '.env'), `${name}=/from/file.json\n`);
    assert.equal(readEnvironment(folder.dir)[name], '/from/file.json');
    assert.equal(process.env[name], '/from/file.json');
    process.env[name] = '/really/set.json';
    assert.equal(readEnvironment(folder.dir)[name], '/really/set.json');
  } finally {
    delete process.env[name];
    if (before !== undefined) process.env[name] = before;
  }
});

test('the data folder is relative to the project', () => {
  assert.equal(load({ GATEWAY_DATA_DIR: 'state' }).dataDir, '/project/state');
  assert.equal(load({ GATEWAY_DATA_DIR: '/var/state' }).dataDir, '/var/state');
});

test('any environment ends in a configuration or in a ConfigError', () => {
  const names = VARIABLES.map(({ name }) => name);
  const value = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.constantFrom('off', 'true', '8080', 'http://127.0.0.1:1', 'gemini,vertex', 'nats://a'),
  );
  const environments = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 8 });
  fc.assert(
    fc.property(environments, (environment) => {
      try {
        const config = load(environment);
        assert.ok(config.chain.length > 0);
        assert.ok(config.chain.every((id) => config.providers[id]?.isEnabled));
        assert.deepEqual(Object.keys(config.providers).toSorted(), [...PROVIDER_IDS].toSorted());
      } catch (error) {
        assert.ok(error instanceof ConfigError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
