import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutputSizes } from '../../../router/state/output-sizes.ts';
import type { RequestFacts } from '../../../schemas/envelope.ts';
import { REQUEST_CLASSES, type RequestClass } from '../../../schemas/request-class.ts';

function factsOf(requestClass: RequestClass, maxOutputTokens = 0): RequestFacts {
  return {
    operation: 'messages',
    requestModel: 'claude-opus-5-5',
    isStream: true,
    maxOutputTokens,
    bodyBytes: 10,
    inputTokensEstimate: 3,
    hasTools: false,
    hasThinking: false,
    hasImages: false,
    hasWebSearch: false,
    sessionId: null,
    agentId: null,
    requestClass,
    cacheTtlMs: 0,
  };
}

test('every class has a seed, cut at max_tokens', () => {
  const sizes = new OutputSizes();
  assert.deepEqual(
    REQUEST_CLASSES.map((each) => sizes.expected(factsOf(each))),
    [700, 500, 40, 500, 2_500, 100],
  );
  assert.equal(sizes.expected(factsOf('main', 64)), 64);
  assert.equal(sizes.expected(factsOf('main', 32_000)), 700);
});

test('a class becomes what its answers are, others stay', () => {
  const sizes = new OutputSizes();
  for (let count = 0; count < 200; count++) sizes.record('title', 12);
  assert.equal(sizes.expected(factsOf('title')), 12);
  assert.equal(sizes.expected(factsOf('main')), 700);
  sizes.record('title', Number.NaN);
  sizes.record('title', -5);
  assert.equal(sizes.expected(factsOf('title')), 12);
});

test('a snapshot brings everything back without its nonsense', () => {
  const sizes = new OutputSizes();
  for (let count = 0; count < 50; count++) sizes.record('main', 4_000);
  const json = JSON.parse(JSON.stringify(sizes.snapshot()));
  const copy = new OutputSizes();
  copy.record('title', 9_999);
  copy.restore([['main', -1], ['unknown', 5], null, ...json], 0);
  assert.equal(copy.expected(factsOf('main')), sizes.expected(factsOf('main')));
  assert.equal(copy.expected(factsOf('title')), 40);
  copy.restore(null, 0);
  assert.equal(copy.expected(factsOf('main')), 700);
});
