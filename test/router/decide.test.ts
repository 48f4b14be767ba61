import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LIMITS } from '../../config/limits.ts';
import type { SessionHome } from '../../router/knowledge.ts';
import type { FailedAttempt } from '../../schemas/envelope.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import { STRATEGY_NAMES } from '../../schemas/routing.ts';
import type { FakeTarget } from './support/fake-knowledge.ts';
import { CHAIN, decided, policyFor, providersOf, requestFor } from './support/routing.ts';

const BLOCKED: FakeTarget = {
  circuit: { state: 'blocked', cause: 'credential', backInMs: null, mayProbe: false },
};
const FAILED: FailedAttempt = {
  provider: 'vertex-claude',
  account: 'KEY_1',
  status: 529,
  errorType: 'overloaded_error',
};

function open(backInMs: number): FakeTarget {
  return { circuit: { state: 'open', cause: 'timeout', backInMs, mayProbe: false } };
}

function closed(closedForMs: number): FakeTarget {
  return { forecast: { closedForMs, limitedBy: 'requests' } };
}

function halfOpen(rest: FakeTarget['circuit'] = {}): FakeTarget {
  return { circuit: { state: 'half_open', cause: 'server_error', weight: 1, ...rest } };
}

function homeAt(provider: ProviderId): SessionHome {
  const upstreamModel = 'claude-sonnet-5-5';
  return { provider, account: 'KEY_1', upstreamModel, cachedTokens: 9_000, warmForMs: 99_000 };
}

test('when all are well the strategy decides, and the decision names it', () => {
  for (const strategy of STRATEGY_NAMES) {
    const { decision, first } = decided(requestFor(), { strategy });
    assert.equal(decision.strategy, strategy);
    assert.equal(decision.reason, strategy === 'intelligent' ? 'score' : strategy);
    assert.deepEqual([decision.waitMs, decision.refusal], [0, null]);
    assert.equal(decision.targets.length, CHAIN.length);
    assert.deepEqual(decision.targets[0], {
      provider: first?.target.provider,
      account: first?.target.account,
      model: null,
      cachedTokens: 0,
    });
  }
});

test('each target comes with what of the conversation is cached there', () => {
  const knows = { homes: [homeAt('openrouter'), homeAt('anthropic')] };
  knows.homes[0] = { ...homeAt('openrouter'), upstreamModel: 'anthropic/claude-sonnet-5.5' };
  const { decision } = decided(requestFor({ sessionId: 's1' }), { knows });
  const cached = decision.targets.map(({ provider, cachedTokens }) => [provider, cachedTokens]);
  assert.deepEqual(Object.fromEntries(cached), {
    'vertex-claude': 0,
    anthropic: 9_000,
    openrouter: 9_000,
    'vertex-gemini': 0,
  });
});

describe('the first difference decides', () => {
  test('who is out comes last, the one that is back soonest before the others', () => {
    const targets = {
      'vertex-claude': BLOCKED,
      anthropic: open(60_000),
      openrouter: closed(5_000),
    };
    assert.deepEqual(providersOf(decided(requestFor(), { knows: { targets } })), [
      'vertex-gemini',
      'openrouter',
      'anthropic',
      'vertex-claude',
    ]);
  });

  test('who has just failed, nears a limit or has no retries left stands behind the healthy', () => {
    const targets = {
      'vertex-claude': { circuit: { state: 'suspect', cause: 'timeout' } },
      anthropic: { forecast: { isOverThreshold: true } },
      openrouter: { hasRetryBudget: false },
    } as const;
    const order = providersOf(decided(requestFor(), { knows: { targets } }));
    assert.deepEqual(order, ['openrouter', 'vertex-gemini', 'vertex-claude', 'anthropic']);
    const failed = [{ ...FAILED, provider: 'anthropic' }] as const;
    const again = decided(requestFor({}, { failed }), { knows: { targets } });
    assert.deepEqual(providersOf(again), ['vertex-gemini', 'vertex-claude', 'openrouter']);
    assert.equal(again.decision.reason, 'fallback');
  });

  test('a rule prefers among the healthy only', () => {
    const routes = { default: { provider: 'openrouter', model: null } } as const;
    const policy = policyFor(CHAIN, { rules: { routes, longContextTokens: 60_000 } });
    assert.equal(providersOf(decided(requestFor(), { policy }))[0], 'openrouter');
    const targets = { openrouter: { forecast: { isOverThreshold: true } } };
    const order = providersOf(decided(requestFor(), { policy, knows: { targets } }));
    assert.equal(order.at(-1), 'openrouter');
  });

  test('who surely has the model comes before who may have it, even when it is degraded', () => {
    const request = requestFor({ requestModel: 'gemini-2.5-pro' });
    const policy = policyFor(['openai-compatible', 'vertex-gemini']);
    const targets = { 'vertex-gemini': { forecast: { isOverThreshold: true } } };
    assert.deepEqual(providersOf(decided(request, { policy, knows: { targets } })), [
      'vertex-gemini',
      'openai-compatible',
    ]);
    const out = { knows: { targets: { 'vertex-gemini': open(1) } }, policy };
    assert.equal(providersOf(decided(request, out))[0], 'openai-compatible');
  });
});

describe('a half-open target', () => {
  const targets = { 'vertex-claude': halfOpen() };

  test('gets the request that probes it, as if it had not failed', () => {
    const knows = {
      targets: { 'vertex-claude': { ...targets['vertex-claude'], successProbability: 0.1 } },
    };
    assert.equal(providersOf(decided(requestFor(), { knows }))[0], 'vertex-claude');
  });

  test('gets none beyond', () => {
    const full = { 'vertex-claude': halfOpen({ mayProbe: false, backInMs: null }) };
    const order = providersOf(decided(requestFor(), { knows: { targets: full } }));
    assert.equal(order.at(-1), 'vertex-claude');
  });

  test('gets no conversation that is warm elsewhere, but its own', () => {
    const request = requestFor({ sessionId: 's1' });
    const away = decided(request, { knows: { targets, homes: [homeAt('anthropic')] } });
    assert.equal(providersOf(away).at(-1), 'vertex-claude');
    const own = decided(request, { knows: { targets, homes: [homeAt('vertex-claude')] } });
    assert.equal(providersOf(own)[0], 'vertex-claude');
  });

  test('gets its share of the requests and not more', () => {
    const knows = { targets: { 'vertex-claude': halfOpen({ weight: 0.1 }) } };
    const probes = Array.from({ length: 1_000 }, (_, index) => {
      const request = requestFor({}, { requestId: `req_${index}` });
      return providersOf(decided(request, { knows }))[0];
    }).filter((provider) => provider === 'vertex-claude').length;
    assert.ok(probes > 60 && probes < 150, String(probes));
  });
});

describe('nobody is well', () => {
  test('the degraded are asked, in order', () => {
    const degraded = { circuit: { state: 'suspect', cause: 'timeout' } } as const;
    const targets = Object.fromEntries(CHAIN.map((provider) => [provider, degraded]));
    const decision = decided(requestFor(), { knows: { targets } });
    assert.deepEqual(providersOf(decision), CHAIN);
    assert.equal(decision.decision.reason, 'availability');
  });

  test('the least bad is the last resort: a request is not refused', () => {
    const targets = {
      'vertex-claude': BLOCKED,
      anthropic: open(9_000),
      openrouter: halfOpen({ mayProbe: false, backInMs: null }),
      'vertex-gemini': closed(8_000),
    };
    const decision = decided(requestFor(), { knows: { targets } });
    assert.deepEqual(providersOf(decision), [
      'openrouter',
      'vertex-gemini',
      'anthropic',
      'vertex-claude',
    ]);
    assert.equal(decision.decision.reason, 'last_resort');
    const only = decided(requestFor({}, { pinned: 'vertex-claude' }), { knows: { targets } });
    assert.deepEqual(providersOf(only), ['vertex-claude']);
    assert.equal(only.decision.reason, 'last_resort');
  });
});

describe('everybody is at a limit', () => {
  const targets = {
    'vertex-claude': closed(30_000),
    anthropic: closed(1_500),
    openrouter: open(100),
    'vertex-gemini': BLOCKED,
  };

  test('the request waits for the first that opens within two seconds, once', () => {
    const decision = decided(requestFor(), { knows: { targets } });
    assert.equal(providersOf(decision)[0], 'anthropic');
    assert.equal(decision.first?.target.provider, 'anthropic');
    assert.equal(decision.decision.reason, 'waiting');
    assert.ok(decision.decision.waitMs >= 1_500 && decision.decision.waitMs <= 1_600);
    const again = decided(requestFor({}, { hasWaited: true }), { knows: { targets } });
    assert.deepEqual([again.decision.waitMs, again.decision.reason], [0, 'last_resort']);
  });

  test('those that wait for one window come back at moments of their own', () => {
    const waits = Array.from(
      { length: 20 },
      (_, index) =>
        decided(requestFor({}, { requestId: `req_${index}` }), { knows: { targets } }).decision
          .waitMs,
    );
    assert.ok(new Set(waits).size > 10);
  });

  test('nobody waits longer, or while somebody can be asked', () => {
    const late = { ...targets, anthropic: closed(LIMITS.rateLimitWaitMsMax + 1) };
    assert.equal(decided(requestFor(), { knows: { targets: late } }).decision.waitMs, 0);
    const near = { ...targets, 'vertex-gemini': { forecast: { isOverThreshold: true } } };
    const decision = decided(requestFor(), { knows: { targets: near } });
    assert.equal(decision.decision.waitMs, 0);
    assert.equal(providersOf(decision)[0], 'vertex-gemini');
  });
});

describe('nobody can serve', () => {
  test('a refusal names each provider and why', () => {
    const failed = [FAILED];
    const policy = policyFor(['vertex-claude', 'anthropic', 'openrouter'], {
      accounts: new Map([
        ['vertex-claude', ['KEY_1']],
        ['anthropic', ['KEY_1']],
      ]),
    });
    const knows = { maintenance: ['anthropic'] } as const;
    const { decision, first } = decided(requestFor({}, { failed }), { policy, knows });
    assert.deepEqual(decision, {
      v: 1,
      targets: [],
      strategy: 'availability',
      reason: 'nobody',
      waitMs: 0,
      refusal:
        'no provider can serve this request: vertex-claude failed (529 overloaded_error); ' +
        'anthropic is in maintenance; openrouter has no account',
    });
    assert.equal(first, null);
  });

  test('a provider that is asked for and not there is named', () => {
    const refusal = (
      request: Parameters<typeof decided>[0],
      chain: readonly ProviderId[] = CHAIN,
    ) => decided(request, { policy: policyFor(chain) }).decision.refusal;
    assert.equal(
      refusal(requestFor({ requestModel: 'github/gpt-4o' })),
      "the model's name asks for github-models, which is not enabled",
    );
    assert.equal(
      refusal(requestFor({}, { pinned: 'github-models' })),
      'this port serves github-models, which is not enabled',
    );
    assert.equal(
      refusal(requestFor({ requestModel: 'gemini/x' }, { pinned: 'openrouter' })),
      "the model's name asks for vertex-gemini, which this port does not serve",
    );
    assert.equal(refusal(requestFor(), []), 'no provider is enabled');
  });
});

test('a provider in maintenance is asked for nothing, last resort or not', () => {
  const knows = { maintenance: ['vertex-claude', 'anthropic'] } as const;
  assert.deepEqual(providersOf(decided(requestFor(), { knows })), ['openrouter', 'vertex-gemini']);
});

test('a pool with many accounts leaves places to the others', () => {
  const policy = policyFor(CHAIN, { accountsEach: 5 });
  const { decision } = decided(requestFor(), { policy });
  assert.equal(decision.targets.length, LIMITS.targetsMax);
  assert.equal(new Set(decision.targets.map(({ provider }) => provider)).size, 3);
});

describe('an explanation', () => {
  test('lists all candidates in order, with how they stand, and who is left out', () => {
    const targets = { openrouter: closed(4_200), anthropic: open(61_000) };
    const knows = { targets, maintenance: ['vertex-claude'] } as const;
    const { decision, explain } = decided(requestFor(), { knows });
    const explanation = explain(1_234);
    assert.equal(explanation.atMs, 1_234);
    assert.equal(explanation.requestId, 'req_1');
    assert.equal(explanation.decision, decision);
    assert.deepEqual(
      explanation.candidates.map(({ provider, isEligible, standing, standingReason }) => [
        provider,
        isEligible,
        standing,
        standingReason,
      ]),
      [
        ['vertex-gemini', true, 'healthy', ''],
        ['openrouter', true, 'out', 'is at its limit of requests, back in 5 s'],
        ['anthropic', true, 'out', 'is ejected after timeout, back in 61 s'],
        ['vertex-claude', false, 'out', 'is in maintenance'],
      ],
    );
    assert.deepEqual(Object.keys(explanation.candidates[0]?.factors ?? {}).length, 3);
  });

  test('has words for every standing', () => {
    const words = (target: FakeTarget) =>
      decided(requestFor({}, { failed: [FAILED] }), {
        policy: policyFor(['anthropic']),
        knows: { targets: { anthropic: target } },
      }).explain().candidates[0]?.standingReason;
    for (const [target, expected] of [
      [BLOCKED, 'is blocked after credential'],
      [halfOpen({ mayProbe: false }), 'is being probed after server error'],
      [halfOpen({ weight: 0 }), 'takes a part of the traffic while it recovers'],
      [{ circuit: { state: 'suspect', cause: 'timeout' } }, 'has just failed: timeout'],
      [
        { forecast: { isOverThreshold: true, limitedBy: 'input_tokens' } },
        'is near its limit of input tokens',
      ],
      [{ hasRetryBudget: false }, 'has taken its share of retries'],
    ] as const) {
      assert.equal(words(target), expected);
    }
  });
});
