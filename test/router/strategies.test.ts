import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { candidates } from '../../router/candidates.ts';
import { strategies, strategyNamed } from '../../router/registry.ts';
import { decide } from '../../router/start.ts';
import type { RouteRequest } from '../../schemas/envelope.ts';

const request: RouteRequest = {
  v: 1,
  requestId: 'req_1',
  pinned: null,
  failed: [],
  facts: {
    operation: 'messages',
    requestModel: 'claude-sonnet-5-5',
    isStream: true,
    maxOutputTokens: 100,
    bodyBytes: 10,
    inputTokensEstimate: 3,
    hasTools: false,
    hasThinking: false,
    hasImages: false,
    sessionId: null,
  },
};
const chain = ['openrouter', 'anthropic', 'vertex-claude'] as const;

for (const [name, strategy] of Object.entries(strategies)) {
  describe(`strategy ${name}`, () => {
    const all = candidates(chain, request).toReversed();
    test('returns every candidate once', () => {
      assert.deepEqual(new Set(strategy(all, request)), new Set(all));
      assert.equal(strategy(all, request).length, all.length);
    });
    test('does not change its input and answers the same twice', () => {
      const before = structuredClone(all);
      const first = strategy(all, request);
      assert.deepEqual(all, before);
      assert.deepEqual(strategy(all, request), first);
    });
    test('returns [] for no candidates', () => {
      assert.deepEqual(strategy([], request), []);
    });
  });
}

test('candidates() leaves out who failed this request', () => {
  const failed = [{ provider: 'openrouter', status: 529, errorType: 'overloaded_error' }] as const;
  const providers = candidates(chain, { ...request, failed }).map(({ provider }) => provider);
  assert.deepEqual(providers, ['anthropic', 'vertex-claude']);
});

test('candidates() lists only the pinned provider', () => {
  const pinned = candidates(chain, { ...request, pinned: 'anthropic' });
  assert.deepEqual(pinned, [{ provider: 'anthropic', chainIndex: 1 }]);
  assert.deepEqual(candidates(chain, { ...request, pinned: 'vertex-gemini' }), []);
});

test('decide() names the strategy and keeps the order', () => {
  const decision = decide(request, { chain, strategy: 'availability' });
  assert.deepEqual(
    decision.targets.map(({ provider }) => provider),
    chain,
  );
  assert.equal(decision.strategy, 'availability');
});

test('strategyNamed() falls back to a known strategy', () => {
  assert.equal(strategyNamed('toString').name, 'availability');
});
