import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../config/load.ts';
import { ConfigError } from '../../config/reader.ts';
import { NO_ROUTING_RULES, type RoutingRules } from '../../config/routing-rules.ts';

interface Loaded {
  readonly rules: RoutingRules | null;
  readonly problems: readonly string[];
}

function load(content: unknown): Loaded {
  using folder = mkdtempDisposableSync(path.join(tmpdir(), 'rules-'));
  const file = path.join(folder.path, 'rules.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return loadFile(file);
}

function loadFile(file: string): Loaded {
  try {
    const config = loadConfig({ ROUTING_RULES_FILE: file }, { projectDir: '/project' });
    return { rules: config.routingRules, problems: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { rules: null, problems: error.problems };
  }
}

test('without a file there are no rules', () => {
  const config = loadConfig({}, { projectDir: '/project' });
  assert.deepEqual(config.routingRules, NO_ROUTING_RULES);
  assert.equal(config.routingRules.longContextTokens, 60_000);
});

test('a rule may be written as claude-code-router has it, as a name with prefix, or as an object', () => {
  const { rules, problems } = load({
    default: 'anthropic',
    background: 'openrouter,qwen/qwen3-coder',
    think: ' gemini , gemini-2.5-pro ',
    longContext: ',gemini-2.5-pro',
    webSearch: 'openrouter/openai/gpt-5',
    image: { provider: 'vertex-gemini', model: 'gemini-2.5-flash' },
    subagent: { provider: 'github' },
    compaction: { model: 'gemini/gemini-2.5-flash' },
    title: 'openai-compatible,qwen3:14b',
    longContextThreshold: 200_000,
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(rules, {
    longContextTokens: 200_000,
    routes: {
      image: { provider: 'vertex-gemini', model: 'gemini-2.5-flash' },
      webSearch: { provider: 'openrouter', model: 'openai/gpt-5' },
      longContext: { provider: null, model: 'gemini-2.5-pro' },
      compaction: { provider: 'vertex-gemini', model: 'gemini-2.5-flash' },
      title: { provider: 'openai-compatible', model: 'qwen3:14b' },
      subagent: { provider: 'github-models', model: null },
      background: { provider: 'openrouter', model: 'qwen/qwen3-coder' },
      think: { provider: 'vertex-gemini', model: 'gemini-2.5-pro' },
      default: { provider: 'anthropic', model: null },
    },
  });
});

test('a bad file is told in one line that names file and place', () => {
  const missing = loadFile('/nowhere/rules.json').problems;
  assert.deepEqual(missing, ['ROUTING_RULES_FILE: /nowhere/rules.json cannot be read']);
  for (const [content, expected] of [
    ['{', /^ROUTING_RULES_FILE: .*rules\.json is no JSON$/],
    [[], /^ROUTING_RULES_FILE: the object in .*rules\.json: /],
    [{ backgroud: 'openrouter' }, /the object in .*: .*backgroud/],
    [
      { default: 'opnerouter,x' },
      /default in .*: "opnerouter" is no provider; known are .*openrouter/,
    ],
    [{ default: 'opnerouter' }, /default in .*: "opnerouter" is no provider; known are /],
    [{ think: 'openrouter,two words' }, /think in .*: "two words" is no model's name$/],
    [{ think: ',' }, /think in .*: must be "provider,model", "provider" or ",model"/],
    [{ think: {} }, /think in .*: must be "provider,model"/],
    [{ think: 3 }, /think in .*: must be "provider,model"/],
    [{ think: { provider: 'openrouter', modle: 'x' } }, /think in .*: .*modle/],
    [{ longContextThreshold: 0 }, /longContextThreshold in .*: /],
  ] as const) {
    const { problems } = load(content);
    assert.equal(problems.length, 1, JSON.stringify([content, problems]));
    assert.match(problems[0] ?? '', expected);
    assert.ok(!problems[0]?.includes('\n'));
  }
});

test('ENABLE_COST_OPTIMIZATION is on unless it is switched off', () => {
  const load = (environment: Record<string, string>) =>
    loadConfig(environment, { projectDir: '/project' }).isCostOptimized;
  assert.deepEqual([load({}), load({ ENABLE_COST_OPTIMIZATION: 'false' })], [true, false]);
});

test('PREFERRED_PROVIDER is the default rule, unless the file has one', () => {
  const { routingRules } = loadConfig(
    { PREFERRED_PROVIDER: 'gemini', VERTEX_PROJECT_ID: 'my-project' },
    { projectDir: '/project' },
  );
  assert.deepEqual(routingRules.routes, { default: { provider: 'vertex-gemini', model: null } });
  using folder = mkdtempDisposableSync(path.join(tmpdir(), 'rules-'));
  const file = path.join(folder.path, 'rules.json');
  writeFileSync(file, '{"default":"openrouter"}');
  const own = loadConfig(
    { PREFERRED_PROVIDER: 'gemini', VERTEX_PROJECT_ID: 'my-project', ROUTING_RULES_FILE: file },
    { projectDir: '/project' },
  );
  assert.equal(own.routingRules.routes.default?.provider, 'openrouter');
});
