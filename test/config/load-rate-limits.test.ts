import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import { ConfigError, type Environment } from '../../config/reader.ts';

function load(environment: Environment): Config {
  return loadConfig(environment, { projectDir: '/project' });
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

test('without a word nothing is limited, and others are preferred from 80 % on', () => {
  const { rateLimits, rateLimitThreshold } = load({});
  assert.deepEqual(rateLimits, []);
  assert.equal(rateLimitThreshold, 0.8);
  for (const [text, value] of [
    ['0', 0],
    ['0.65', 0.65],
    ['1', 1],
  ] as const) {
    assert.equal(load({ RATE_LIMIT_THRESHOLD: text }).rateLimitThreshold, value);
  }
  for (const text of ['80', '-0.1', '0,8', 'x']) {
    assert.equal(problems({ RATE_LIMIT_THRESHOLD: text }).length, 1, text);
  }
});

test('every kind of limit is read; provider, account and model say whose it is', () => {
  using folder = mkdtempDisposableSync(path.join(tmpdir(), 'limits-'));
  const file = path.join(folder.path, 'limits.json');
  const entries = [
    {
      provider: 'vertex',
      requestsPerMinute: 1,
      inputTokensPerMinute: 2,
      outputTokensPerMinute: 3,
      tokensPerMinute: 4,
      requestsPerDay: 5,
      tokensPerDay: 6,
    },
    {
      provider: 'openrouter',
      account: 'OPENROUTER_API_KEY_2',
      model: '*:free',
      requestsPerDay: 50,
    },
  ];
  writeFileSync(file, JSON.stringify(entries));
  assert.deepEqual(load({ RATE_LIMITS_FILE: file }).rateLimits, [
    {
      provider: 'vertex-claude',
      account: null,
      model: null,
      windows: [
        { kind: 'requests', periodMs: 60_000, limit: 1 },
        { kind: 'input_tokens', periodMs: 60_000, limit: 2 },
        { kind: 'output_tokens', periodMs: 60_000, limit: 3 },
        { kind: 'tokens', periodMs: 60_000, limit: 4 },
        { kind: 'requests', periodMs: 86_400_000, limit: 5 },
        { kind: 'tokens', periodMs: 86_400_000, limit: 6 },
      ],
    },
    {
      provider: 'openrouter',
      account: 'OPENROUTER_API_KEY_2',
      model: '*:free',
      windows: [{ kind: 'requests', periodMs: 86_400_000, limit: 50 }],
    },
  ]);
});

test('a bad file is told in one line that names file and entry', () => {
  using folder = mkdtempDisposableSync(path.join(tmpdir(), 'limits-'));
  const file = path.join(folder.path, 'limits.json');
  const missing = path.join(folder.path, 'none.json');
  assert.deepEqual(problems({ RATE_LIMITS_FILE: missing }), [
    `RATE_LIMITS_FILE: ${missing} cannot be read`,
  ]);
  const good = { provider: 'openrouter', requestsPerMinute: 1 };
  for (const [content, expected] of [
    ['[{', `RATE_LIMITS_FILE: ${file} is no JSON`],
    ['{}', /^RATE_LIMITS_FILE: the list in .*limits\.json: /],
    [JSON.stringify([good, { requestsPerMinute: 1 }]), /: entry 2, provider in .*limits\.json: /],
    [JSON.stringify([{ provider: 'openrouter' }]), /: entry 1 in .*: must have at least one of re/],
    [JSON.stringify([{ ...good, tokensPerMinute: 0 }]), /: entry 1, tokensPerMinute in .*: /],
    [JSON.stringify([{ ...good, tokensPerDay: 1.5 }]), /: entry 1, tokensPerDay in .*: /],
    [JSON.stringify([{ ...good, tokensPerHour: 5 }]), /: entry 1 in .*: .*tokensPerHour/],
    [
      JSON.stringify([good, { ...good, provider: 'opnerouter' }]),
      /: entry 2, provider in .*: "opnerouter" is no provider; known are .*openrouter/,
    ],
  ] as const) {
    writeFileSync(file, content);
    const [problem = '', ...others] = problems({ RATE_LIMITS_FILE: file });
    assert.deepEqual(others, [], content);
    if (typeof expected === 'string') assert.equal(problem, expected);
    else assert.match(problem, expected);
    assert.ok(!problem.includes('\n'));
  }
});
