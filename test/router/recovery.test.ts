import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../router/decide.ts';
import { planFor } from '../../router/plan.ts';
import { createRoutingState } from '../../router/state/routing-state.ts';
import { STRATEGY_NAMES } from '../../schemas/routing.ts';
import { endedAt, failedAt, startedAt } from './support/observations.ts';
import { policyFor, requestFor } from './support/routing.ts';
import { oneOf, seededRandom, wholeFrom } from './support/seeded-random.ts';

const SEEDS = 60;
const GAP_MS = 100;
const CHAIN = ['anthropic', 'vertex-claude', 'openrouter'] as const;
const FAILURES = ['server_error', 'connection', 'overloaded', 'timeout', 'malformed'] as const;

/** Milliseconds from the end of an outage of the chain's first until it is asked, and how long it was ejected last. */
function recovery(seed: number): { afterMs: number; ejectionMs: number } {
  const random = seededRandom(seed);
  const policy = policyFor(CHAIN);
  const strategy = oneOf(random, STRATEGY_NAMES);
  const failure = oneOf(random, FAILURES);
  const outageMs = wholeFrom(random, 20_000, 90_000);
  const providers = CHAIN.map((provider) => ({ provider, accounts: ['KEY_1'] }));
  const state = createRoutingState({ rateLimits: [], threshold: 0.8, providers, random });
  const [first] = planFor({ requestModel: 'claude-sonnet-5-5', rule: null }, policy);
  assert.ok(first !== undefined);
  let ejectionMs = 0;
  for (let nowMs = 0; nowMs < outageMs + 1_200_000; nowMs += GAP_MS) {
    const requestId = `r${seed}-${nowMs}`;
    const request = requestFor({ sessionId: requestId }, { requestId });
    const decision = decide(request, { policy, strategy, knowledge: state, nowMs });
    const target = decision.first?.target;
    assert.ok(target !== undefined);
    const attemptId = `${requestId}.0`;
    const isFirst = target.provider === first.provider;
    if (isFirst && nowMs >= outageMs && ejectionMs > 0) {
      return { afterMs: nowMs - outageMs, ejectionMs };
    }
    state.fold(startedAt(target, attemptId), nowMs);
    const isIll = isFirst && nowMs < outageMs;
    state.fold(
      isIll ? failedAt(target, attemptId, { failure }) : endedAt(target, attemptId),
      nowMs,
    );
    const { state: standing, backInMs } = state.circuit(first, nowMs);
    if (standing === 'open' && isIll) ejectionMs = backInMs ?? 0;
    // Somebody must ask it at all, which a strategy need not do while others are as good.
    if (ejectionMs === 0) state.fold(failedAt(first, `${attemptId}x`, { failure }), nowMs);
    const after = state.circuit(first, nowMs);
    if (after.state === 'open' && ejectionMs === 0) ejectionMs = after.backInMs ?? 0;
  }
  return { afterMs: Number.POSITIVE_INFINITY, ejectionMs };
}

test('a provider that is well again is asked within two ejections, given traffic', () => {
  for (let seed = 0; seed < SEEDS; seed += 1) {
    const { afterMs, ejectionMs } = recovery(seed);
    assert.ok(ejectionMs >= 8_000, `seed ${seed}: ejected for ${ejectionMs} ms`);
    assert.ok(afterMs <= 2 * ejectionMs, `seed ${seed}: ${afterMs} of ${ejectionMs} ms`);
  }
});
