import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hashOf } from '../../router/hash.ts';
import { strategies } from '../../router/registry.ts';
import type { Candidate, CandidateFacts, Strategy } from '../../router/strategy.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import type { RequestClass } from '../../schemas/request-class.ts';
import { requestFor } from './support/routing.ts';

const OPTIONS = { isCostOptimized: true };
const PROVIDERS = ['vertex-claude', 'anthropic', 'openrouter'] as const;
const FACTS: CandidateFacts = {
  costPicodollars: 40_000_000_000,
  cachedTokens: 0,
  firstContentMs: 1_000,
  totalMs: 10_000,
  successProbability: 0.95,
  headroom: 1,
  inFlight: 0,
  warmForMs: 0,
  isHome: false,
  weight: 1,
  isSameModel: true,
};

function candidate(
  provider: ProviderId,
  chainIndex: number,
  facts: Partial<CandidateFacts> = {},
): Candidate {
  return {
    provider,
    account: 'KEY_1',
    upstreamModel: 'claude-sonnet-5-5',
    model: null,
    chainIndex,
    hash: hashOf(provider),
    facts: { ...FACTS, ...facts },
  };
}

/** One candidate per given facts, in the chain's order. */
function candidates(...facts: readonly Partial<CandidateFacts>[]): readonly Candidate[] {
  return facts.map((each, index) => candidate(PROVIDERS[index] ?? 'vertex-gemini', index, each));
}

function order(
  strategy: Strategy,
  all: readonly Candidate[],
  { sessionId = 'session', isCostOptimized = true } = {},
): readonly number[] {
  const request = requestFor({ sessionId });
  return strategy(all, request, { isCostOptimized }).map(
    ({ candidate: { chainIndex } }) => chainIndex,
  );
}

const SESSIONS = Array.from({ length: 300 }, (_, index) => `session-${index}`);

for (const [name, strategy] of Object.entries(strategies)) {
  describe(`strategy ${name}`, () => {
    const all = candidates(
      { costPicodollars: 9e10, totalMs: 9_000, headroom: 0.1 },
      { successProbability: 0, weight: 0.1 },
      { isSameModel: false, totalMs: 0, firstContentMs: 0, costPicodollars: 0 },
      { headroom: 0, isHome: true, cachedTokens: 100_000, warmForMs: 1 },
    );

    test('orders every candidate once, with a number as score and factors', () => {
      const scored = strategy(all, requestFor(), OPTIONS);
      assert.deepEqual(new Set(scored.map((each) => each.candidate)), new Set(all));
      assert.equal(scored.length, all.length);
      for (const { score, factors } of scored) {
        assert.ok(Number.isFinite(score));
        assert.ok(Object.keys(factors).length > 0);
        assert.ok(Object.values(factors).every(Number.isFinite));
      }
    });

    test('gives the same for the same, whatever the order of its input', () => {
      const forwards = strategy(all, requestFor(), OPTIONS);
      assert.deepEqual(strategy(all, requestFor(), OPTIONS), forwards);
      assert.deepEqual(strategy(all.toReversed(), requestFor(), OPTIONS), forwards);
    });

    test('changes nothing that it is given', () => {
      const frozen = Object.freeze(all.map((each) => Object.freeze({ ...each })));
      const before = JSON.stringify(frozen);
      strategy(frozen, requestFor(), OPTIONS);
      assert.equal(JSON.stringify(frozen), before);
    });

    test('takes one and none', () => {
      assert.deepEqual(strategy([], requestFor(), OPTIONS), []);
      const [only] = all;
      assert.ok(only !== undefined);
      assert.equal(strategy([only], requestFor(), OPTIONS)[0]?.candidate, only);
    });

    test('spreads conversations over accounts that are equal', () => {
      const twins = ['KEY_1', 'KEY_2'].map((account) => ({
        ...candidate('openrouter', 0),
        account,
        hash: hashOf(account),
      }));
      const firstOf = (sessionId: string): string | undefined =>
        strategy(twins, requestFor({ sessionId }), OPTIONS)[0]?.candidate.account;
      const ofFirst = SESSIONS.filter((id) => firstOf(id) === 'KEY_1').length;
      assert.ok(ofFirst > 100 && ofFirst < 200, String(ofFirst));
    });
  });
}

test('cost: the cheapest first, by however little', () => {
  const all = candidates({}, { costPicodollars: 39_999_999_999 }, { costPicodollars: 5e10 });
  assert.deepEqual(order(strategies.cost, all), [1, 0, 2]);
});

test('performance: a fast target that fails half the time is a slow one', () => {
  const flaky = { totalMs: 6_000, successProbability: 0.5 };
  assert.deepEqual(
    order(strategies.performance, candidates(flaky, {}, { totalMs: 8_000 })),
    [2, 1, 0],
  );
});

test('availability: likely answers first, the chain among near-equals', () => {
  const { availability } = strategies;
  assert.deepEqual(
    order(availability, candidates({ successProbability: 0.94 }, {}, {})),
    [0, 1, 2],
  );
  assert.deepEqual(order(availability, candidates({ successProbability: 0.7 }, {}, {})), [1, 2, 0]);
  assert.deepEqual(
    order(availability, candidates({ headroom: 0.5 }, { weight: 0.3 }, {})),
    [2, 0, 1],
  );
});

describe('intelligent', () => {
  const { intelligent } = strategies;
  const warm = { isHome: true, cachedTokens: 100_000, warmForMs: 200_000 };

  test('small differences of cost and time do not count against a likelier success', () => {
    const dearer = { costPicodollars: FACTS.costPicodollars * 1.1, totalMs: 12_000 };
    const shaky = { successProbability: 0.85 };
    assert.deepEqual(order(intelligent, candidates(dearer, shaky)), [0, 1]);
  });

  test('large ones do', () => {
    const dear = { costPicodollars: FACTS.costPicodollars * 1.5 };
    const slow = { totalMs: 20_000, firstContentMs: 2_000 };
    const shaky = { successProbability: 0.9 };
    assert.deepEqual(order(intelligent, candidates(dear, shaky)), [1, 0]);
    assert.deepEqual(order(intelligent, candidates(slow, shaky)), [1, 0]);
  });

  test('without cost optimization money does not matter', () => {
    const dear = { costPicodollars: FACTS.costPicodollars * 100 };
    const shaky = { successProbability: 0.9 };
    const all = candidates(dear, shaky);
    assert.deepEqual(order(intelligent, all), [1, 0]);
    assert.deepEqual(order(intelligent, all, { isCostOptimized: false }), [0, 1]);
  });

  test('who is near its limit is spared, the more the nearer', () => {
    assert.deepEqual(
      order(intelligent, candidates({ headroom: 0.05 }, { headroom: 0.15 }, {})),
      [2, 1, 0],
    );
  });

  test('another model is for when the wanted one is hardly there, be it ever so cheap and fast', () => {
    const other = { isSameModel: false, costPicodollars: 1, totalMs: 500, firstContentMs: 100 };
    assert.deepEqual(order(intelligent, candidates(other, {})), [1, 0]);
    assert.deepEqual(order(intelligent, candidates(other, { successProbability: 0.7 })), [1, 0]);
    assert.deepEqual(order(intelligent, candidates(other, { successProbability: 0.3 })), [0, 1]);
  });

  test('a conversation stays at its home unless the gain is clear', () => {
    const better = { totalMs: 8_000, firstContentMs: 800 };
    assert.deepEqual(order(intelligent, candidates(better, warm)), [1, 0]);
    assert.deepEqual(order(intelligent, candidates(better, { ...warm, headroom: 0.02 })), [0, 1]);
    const failing = { ...warm, successProbability: 0.6 };
    assert.deepEqual(order(intelligent, candidates(better, failing)), [0, 1]);
  });

  test('a cached prompt keeps a conversation where it is, even against pressure', () => {
    const cached = { ...warm, costPicodollars: FACTS.costPicodollars / 10, headroom: 0.05 };
    assert.deepEqual(order(intelligent, candidates({}, cached)), [1, 0]);
  });

  test('two warm places do not make it flap: it stays at the last', () => {
    const was = { ...warm, isHome: false, totalMs: 9_000 };
    assert.deepEqual(order(intelligent, candidates(was, warm)), [1, 0]);
  });

  test('new conversations spread over near-equals, and only over these', () => {
    const all = candidates({}, { totalMs: 10_500 }, { successProbability: 0.7 });
    const firsts = SESSIONS.map((sessionId) => order(intelligent, all, { sessionId })[0]);
    const ofFirst = firsts.filter((first) => first === 0).length;
    assert.ok(ofFirst > 100 && ofFirst < 200, String(ofFirst));
    assert.ok(!firsts.includes(2));
  });

  test('side calls find out about those that nobody asks, but not about those that fail', () => {
    const slower = { totalMs: 13_000, firstContentMs: 1_300 };
    const all = candidates(warm, slower, { successProbability: 0.5 });
    const firstsOf = (requestClass: RequestClass) =>
      SESSIONS.map((sessionId) => {
        const [first] = intelligent(all, requestFor({ sessionId, requestClass }), OPTIONS);
        return first?.candidate.chainIndex;
      });
    assert.deepEqual(new Set(firstsOf('title')), new Set([0, 1]));
    assert.deepEqual(new Set(firstsOf('main')), new Set([0]));
  });

  test('who joins takes only its own share of the conversations', () => {
    const two = candidates({}, {});
    const three = candidates({}, {}, {});
    const moved = SESSIONS.filter((sessionId) => {
      const [before] = order(intelligent, two, { sessionId });
      const [after] = order(intelligent, three, { sessionId });
      return before !== after && after !== 2;
    });
    assert.deepEqual(moved, []);
  });
});
