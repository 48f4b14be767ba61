import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidates } from '../../router/candidates.ts';
import { strategyNamed } from '../../router/registry.ts';
import { decide } from '../../router/start.ts';
import type { RouteRequest } from '../../schemas/envelope.ts';

const request: RouteRequest = {
  v: 1,
  requestId: 'req_1',
  pinned: null,
  failed: [],
  hasWaited: false,
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
    agentId: null,
    hasWebSearch: false,
    requestClass: 'main',
    cacheTtlMs: 0,
  },
};
const chain = ['openrouter', 'anthropic', 'vertex-claude'] as const;

test('candidates() leaves out who failed this request', () => {
  const failed = [
    { provider: 'openrouter', account: null, status: 529, errorType: 'overloaded_error' },
  ] as const;
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
