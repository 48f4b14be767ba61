import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from '../../config/load.ts';
import { ConfigError } from '../../config/reader.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'gateway-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const USD = 1_000_000_000_000n;

function load(environment: Record<string, string> = {}) {
  return loadConfig(environment, { projectDir: folder });
}

function problems(environment: Record<string, string>): readonly string[] {
  try {
    load(environment);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
  return [];
}

function file(content: unknown): string {
  const name = path.join(folder, 'spending.json');
  writeFileSync(name, typeof content === 'string' ? content : JSON.stringify(content));
  return name;
}

test('the thresholds are 10 dollars an hour and 50 a day, in three steps', () => {
  const { rules, dailyPicodollars, webhook } = load().alerts;
  assert.deepEqual(rules, [
    { scope: 'global', name: null, period: 'hour', picodollars: 10n * USD, steps: [50, 80, 100] },
    { scope: 'global', name: null, period: 'day', picodollars: 50n * USD, steps: [50, 80, 100] },
  ]);
  assert.equal(dailyPicodollars, 50n * USD);
  assert.equal(webhook, null);
});

test('a threshold is exact to the picodollar, and zero switches it off', () => {
  const { rules, dailyPicodollars } = load({
    HOURLY_COST_ALERT_THRESHOLD: '0.000000000001',
    DAILY_COST_ALERT_THRESHOLD: '0',
  }).alerts;
  assert.deepEqual(
    rules.map(({ period, picodollars }) => [period, picodollars]),
    [['hour', 1n]],
  );
  assert.equal(dailyPicodollars, null);
});

test('lines of a file come behind the thresholds, short names and all', () => {
  const ALERTS_FILE = file([
    { scope: 'provider', name: 'gemini', period: 'month', usd: 100.5, steps: [90, 10, 90] },
    { scope: 'session', period: 'hour', usd: '2.50' },
  ]);
  assert.deepEqual(load({ ALERTS_FILE }).alerts.rules.slice(2), [
    {
      scope: 'provider',
      name: 'vertex-gemini',
      period: 'month',
      picodollars: 100_500_000_000_000n,
      steps: [10, 90],
    },
    {
      scope: 'session',
      name: null,
      period: 'hour',
      picodollars: 2_500_000_000_000n,
      steps: [50, 80, 100],
    },
  ]);
});

test('what is wrong in a file is told with its entry and field', () => {
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    ['{', /is no JSON$/],
    [{}, /the list/],
    [[{ scope: 'everybody', period: 'day', usd: 1 }], /entry 1, scope/],
    [[{ scope: 'global', period: 'week', usd: 1 }], /entry 1, period/],
    [[{ scope: 'global', period: 'day', usd: 0 }], /entry 1, usd.*above 0/],
    [[{ scope: 'global', period: 'day', usd: '1e3' }], /entry 1, usd/],
    [[{ scope: 'global', period: 'day', usd: 1, name: 'x' }], /global has no name/],
    [[{ scope: 'global', period: 'day', usd: 1, colour: 'red' }], /entry 1.*colour/],
    [
      [{ scope: 'provider', period: 'day', usd: 1, name: 'opnrouter' }],
      /"opnrouter" is no provider/,
    ],
  ];
  for (const variable of ['ALERTS_FILE', 'BUDGETS_FILE']) {
    for (const [content, expected] of wrong) {
      const told = problems({ [variable]: file(content) });
      assert.equal(told.length, 1, JSON.stringify(content));
      assert.match(told[0] ?? '', expected);
      assert.ok(told[0]?.startsWith(`${variable}: `));
    }
  }
  const steps = [{ scope: 'global', period: 'day', usd: 1, steps: [0] }];
  assert.match(problems({ ALERTS_FILE: file(steps) })[0] ?? '', /entry 1, steps, 0/);
  const session = [{ scope: 'session', period: 'day', usd: 1 }];
  assert.match(problems({ BUDGETS_FILE: file(session) })[0] ?? '', /entry 1, scope/);
});

test('a webhook is an http address whose secret parts are never repeated', () => {
  const url = 'https://hooks.example/T0/s3cr3t?token=x';
  assert.deepEqual(load({ ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_SECRET: 'k' }).alerts.webhook, {
    url,
    secret: 'k',
  });
  for (const bad of ['ftp://host/s3cr3t', 's3cr3t', 'https://user:s3cr3t@host/']) {
    const [told, ...others] = problems({ ALERT_WEBHOOK_URL: bad });
    assert.match(told ?? '', /^ALERT_WEBHOOK_URL/);
    assert.ok(!told?.includes('s3cr3t'));
    assert.deepEqual(others, []);
  }
  assert.match(problems({ ALERT_WEBHOOK_SECRET: 'k' })[0] ?? '', /not ALERT_WEBHOOK_URL/);
});

test('budgets: none by default, one for the day, others from a file', () => {
  assert.deepEqual(load().budgets, []);
  assert.deepEqual(load({ DAILY_BUDGET_USD: '0' }).budgets, []);
  const BUDGETS_FILE = file([{ scope: 'key', name: '0123*', period: 'month', usd: 20 }]);
  assert.deepEqual(load({ DAILY_BUDGET_USD: '0.5', BUDGETS_FILE }).budgets, [
    { scope: 'global', name: null, period: 'day', picodollars: USD / 2n },
    { scope: 'key', name: '0123*', period: 'month', picodollars: 20n * USD },
  ]);
  assert.match(problems({ DAILY_BUDGET_USD: 'much' })[0] ?? '', /^DAILY_BUDGET_USD is "much"/);
});
