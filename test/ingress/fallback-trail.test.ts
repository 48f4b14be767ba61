import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FallbackTrail } from '../../ingress/fallback-trail.ts';
import type { RelayResult } from '../../ingress/relay.ts';
import type { RouteTarget } from '../../schemas/envelope.ts';

const DONE: RelayResult = { kind: 'done', status: 200, errorType: null, usage: null };
const LEFT: RelayResult = { kind: 'done', status: 499, errorType: 'client_closed', usage: null };
const BROKEN: RelayResult = {
  kind: 'done',
  status: 200,
  errorType: 'overloaded_error',
  usage: null,
};
const LOST: RelayResult = { kind: 'lost' };

type Step = readonly [target: RouteTarget, result: RelayResult];

function to(provider: RouteTarget['provider'], account: string | null = null): RouteTarget {
  return { provider, account, model: null, cachedTokens: 0 };
}

/** What is counted for these attempts, in order. */
function counted(steps: readonly Step[]): { trail: FallbackTrail; counts: readonly string[] } {
  const counts: string[] = [];
  const trail = new FallbackTrail({
    countFallback: (from, target, isSuccess) => counts.push(`${from}>${target} ${isSuccess}`),
  });
  for (const [target, result] of steps) {
    trail.dispatched(target);
    trail.ended(result);
  }
  return { trail, counts };
}

test('each step to another target is counted with its success', () => {
  const cases: readonly (readonly [steps: readonly Step[], expected: readonly string[]])[] = [
    [[[to('anthropic'), DONE]], []],
    [
      [
        [to('anthropic'), LOST],
        [to('openrouter'), DONE],
      ],
      ['anthropic>openrouter true'],
    ],
    [
      [
        [to('anthropic'), LOST],
        [to('openrouter'), LOST],
        [to('vertex-claude'), BROKEN],
      ],
      ['anthropic>openrouter false', 'openrouter>vertex-claude false'],
    ],
    [
      [
        [to('openrouter', 'A'), LOST],
        [to('openrouter', 'B'), DONE],
      ],
      ['openrouter>openrouter true'],
    ],
    [
      [
        [to('openrouter', 'A'), LOST],
        [to('openrouter', 'A'), DONE],
      ],
      [],
    ],
    [
      [
        [to('anthropic'), LOST],
        [to('openrouter'), LEFT],
      ],
      [],
    ],
  ];
  for (const [steps, expected] of cases) {
    const { trail, counts } = counted(steps);
    assert.deepEqual(counts, expected);
    assert.equal(trail.first, steps[0]?.[0].provider);
  }
});

test('a client that leaves during a fallback leaves a fallback behind', () => {
  const { trail } = counted([
    [to('anthropic'), LOST],
    [to('openrouter'), LEFT],
  ]);
  assert.equal(trail.hasFallenBack, true);
  assert.equal(counted([[to('anthropic'), DONE]]).trail.hasFallenBack, false);
});
