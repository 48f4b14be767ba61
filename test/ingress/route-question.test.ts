import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../config/load.ts';
import type { IngressContext } from '../../ingress/context.ts';
import type { Exchange } from '../../ingress/exchange.ts';
import { askForRoute } from '../../ingress/route-question.ts';
import { workOf } from '../workers/support/attempt.ts';

const config = loadConfig(
  { ANTHROPIC_API_KEY: 'k', OPENROUTER_API_KEY: 'k', PROVIDER_CHAIN: 'anthropic,openrouter' },
  { projectDir: '/project' },
);

/** What the ingress makes of a router's answer; null = there was none. */
async function cachedTokensAfter(answer: object | null): Promise<readonly number[]> {
  const context = {
    bus: { isConnected: true },
    hub: { ask: async () => answer },
    metrics: { countDecision: () => undefined },
    config,
  } as unknown as IngressContext; // what is read of it
  const { facts } = workOf('{"model":"claude-opus-5-5"}').dispatch;
  const exchange = { requestId: 'req_1', pinned: null, facts, deadlineMs: Date.now() + 10_000 };
  const history = { failed: [], hasWaited: false };
  const { targets } = await askForRoute(context, exchange as unknown as Exchange, history);
  return targets.map(({ cachedTokens }) => cachedTokens);
}

function decision(...cachedTokens: readonly unknown[]): object {
  const target = { provider: 'anthropic', account: null, model: null };
  const targets = cachedTokens.map((told) =>
    told === undefined ? target : { ...target, cachedTokens: told },
  );
  return { v: 1, targets, strategy: 'cost', reason: 'cost', waitMs: 0, refusal: null };
}

test('a router tells what is cached at each target', async () => {
  assert.deepEqual(await cachedTokensAfter(decision(9_000, 0)), [9_000, 0]);
});

test('one of an older version, and one that talks nonsense, tell of nothing', async () => {
  const told = decision(undefined, -1, 'many', null, 12.4);
  assert.deepEqual(await cachedTokensAfter(told), [0, 0, 0, 0, 12]);
});

test('without a router nobody knows of anything cached', async () => {
  assert.deepEqual(await cachedTokensAfter(null), [0, 0]);
});
