import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KnownTargets } from '../../../router/state/known-targets.ts';
import { RoutingParts } from '../../../router/state/routing-parts.ts';
import { accountKey, type Target, targetKey } from '../../../schemas/target.ts';

const opus: Target = { provider: 'openrouter', account: 'KEY', upstreamModel: 'opus' };
const TARGETS = [opus, { ...opus, upstreamModel: 'haiku' }, { ...opus, account: 'KEY_2' }];
const TIMES = { firstContentMs: 300, durationMs: 2_000, outputTokens: 100, isStream: true };
const PLAN = { need: { inputTokens: 10, outputTokens: 10 }, isStream: true };

/** Everything that may put something at another place, by one part alone. */
const CHANGES: readonly ((parts: RoutingParts, target: Target, step: number) => void)[] = [
  ({ circuits }, target) => circuits.failed(target, 'overloaded', 0),
  ({ circuits }, target) => circuits.succeeded(target, 0),
  ({ circuits }, { provider, account }) => circuits.reset(provider, account),
  ({ circuits }) => circuits.restore({}, 0),
  ({ speeds }, target) => speeds.record(target, TIMES, 0),
  ({ speeds }) => speeds.restore({}, 0),
  ({ successes }, target) => successes.record(target, true, 0),
  ({ successes }, { provider, account }) => successes.reset(provider, account),
  ({ successes }) => successes.restore([], 0),
  ({ windows }, target, step) => windows.started({ attemptId: `a${step}`, target }, PLAN, 0),
  ({ windows }) => windows.restore({}, 0),
];
const change = fc.record({
  make: fc.constantFrom(...CHANGES),
  target: fc.constantFrom(...TARGETS),
});

test('the places that are remembered are those where everything is, whatever changed', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const providers = [{ provider: opus.provider, accounts: ['KEY', 'KEY_2'] }];
      const parts = new RoutingParts({
        rateLimits: [],
        threshold: 0.8,
        providers,
        random: () => 0.5,
      });
      const known = new KnownTargets(parts);
      for (const [step, { make, target: changed }] of changes.entries()) {
        make(parts, changed, step);
        for (const target of TARGETS) {
          const { keys, circuits, scopes, speed, success } = known.of(target);
          assert.deepEqual(keys, { target: targetKey(target), account: accountKey(target) });
          assert.equal(circuits.ofModel, parts.circuits.find(target).ofModel);
          assert.equal(circuits.ofAccount, parts.circuits.find(target).ofAccount);
          assert.equal(scopes.ofModel, parts.windows.find(target).ofModel);
          assert.equal(scopes.ofAccount, parts.windows.find(target).ofAccount);
          assert.equal(speed, parts.speeds.find(target));
          assert.equal(success, parts.successes.find(target));
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('equal targets that are other objects are found too', () => {
  const providers = [{ provider: opus.provider, accounts: ['KEY'] }];
  const parts = new RoutingParts({ rateLimits: [], threshold: 0.8, providers, random: () => 0.5 });
  const known = new KnownTargets(parts);
  parts.successes.record(opus, true, 0);
  assert.notEqual(known.of(opus).success, null);
  assert.equal(known.of({ ...opus }).success, known.of(opus).success);
});
