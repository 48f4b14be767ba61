import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectedCost } from '../../router/expected-cost.ts';
import type { SessionHome } from '../../router/knowledge.ts';
import type { RequestFacts } from '../../schemas/envelope.ts';
import { decided, PRICES, policyFor, providersOf, requestFor } from './support/routing.ts';

function costOf(facts: Partial<RequestFacts>, cachedTokens = 0, outputTokens = 0): number {
  return expectedCost(requestFor(facts).facts, PRICES, { cachedTokens, outputTokens });
}

test('the prompt costs what its parts cost: read, written for five minutes or an hour, or plain', () => {
  const inputTokensEstimate = 1_000;
  assert.equal(costOf({ inputTokensEstimate, cacheTtlMs: 0 }), 1_000 * PRICES.input);
  assert.equal(costOf({ inputTokensEstimate, cacheTtlMs: 300_000 }), 1_000 * PRICES.cacheWrite5m);
  assert.equal(costOf({ inputTokensEstimate, cacheTtlMs: 3_600_000 }), 1_000 * PRICES.cacheWrite1h);
  assert.equal(
    costOf({ inputTokensEstimate, cacheTtlMs: 300_000 }, 900),
    900 * PRICES.cacheRead + 100 * PRICES.cacheWrite5m,
  );
  assert.equal(costOf({ inputTokensEstimate }, 5_000), 1_000 * PRICES.cacheRead);
});

test('the answer costs what it is expected to be long; counting costs nothing', () => {
  assert.equal(costOf({ inputTokensEstimate: 0 }, 0, 70), 70 * PRICES.output);
  assert.equal(costOf({ operation: 'count_tokens' }, 0, 70), 0);
});

const HOME: SessionHome = {
  provider: 'openrouter',
  account: 'KEY_1',
  upstreamModel: 'anthropic/claude-sonnet-5.5',
  cachedTokens: 9_000,
  warmForMs: 200_000,
};
const OF_SESSION = { sessionId: 's1', requestModel: 'claude-sonnet-5-5' };

test('a cache counts only for the very target that has it', () => {
  const cheapest = (home: Partial<SessionHome>): unknown => {
    const knows = { homes: [{ ...HOME, ...home }] };
    return providersOf(decided(requestFor(OF_SESSION), { knows, strategy: 'cost' }))[0];
  };
  assert.equal(cheapest({}), 'openrouter');
  assert.equal(cheapest({ account: 'KEY_2' }), 'vertex-claude');
  assert.equal(cheapest({ upstreamModel: 'anthropic/claude-haiku-5.5' }), 'vertex-claude');
});

test('the home is the last that can serve this request, not one of another model', () => {
  const haiku = { ...HOME, provider: 'anthropic', upstreamModel: 'claude-haiku-5-5' } as const;
  const before = { ...HOME, provider: 'anthropic', upstreamModel: 'claude-sonnet-5-5' } as const;
  const given = { knows: { homes: [haiku, HOME, before] }, strategy: 'intelligent' } as const;
  const decision = decided(requestFor(OF_SESSION), given);
  assert.equal(providersOf(decision)[0], 'openrouter');
  assert.equal(decision.decision.reason, 'session');
});

test('what is reserved is the need at that target: what is cached there is told apart', () => {
  const request = requestFor(OF_SESSION);
  const knows = { homes: [HOME], outputTokens: 300 };
  assert.deepEqual(decided(request, { knows, strategy: 'cost' }).first, {
    target: { provider: 'openrouter', account: 'KEY_1', upstreamModel: HOME.upstreamModel },
    need: { inputTokens: 10_000, outputTokens: 300, cachedInputTokens: 9_000 },
  });
  const counting = requestFor({ ...OF_SESSION, operation: 'count_tokens' });
  assert.deepEqual(decided(counting).first?.need, { inputTokens: 0, outputTokens: 0 });
});

test('prices are asked for the model in the provider’s spelling and the size of the prompt', () => {
  const asked: unknown[] = [];
  const policy = policyFor(['openrouter'], {
    prices: (query) => {
      asked.push(query);
      return PRICES;
    },
  });
  decided(requestFor(), { policy });
  assert.deepEqual(asked, [
    {
      provider: 'openrouter',
      upstreamModel: 'anthropic/claude-sonnet-5.5',
      inputTokens: 10_000,
    },
  ]);
});

test('the same name at another provider has its own price, other accounts have the same', () => {
  const asked: string[] = [];
  const policy = policyFor(['anthropic', 'vertex-claude'], {
    accountsEach: 2,
    prices: ({ provider }) => {
      asked.push(provider);
      return provider === 'anthropic' ? PRICES : { ...PRICES, output: 1, cacheWrite5m: 1 };
    },
  });
  const { decision } = decided(requestFor(), { policy, strategy: 'cost' });
  assert.deepEqual(asked, ['anthropic', 'vertex-claude']);
  assert.deepEqual(
    decision.targets.map(({ provider }) => provider),
    ['vertex-claude', 'vertex-claude', 'anthropic', 'anthropic'],
  );
});
