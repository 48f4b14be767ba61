import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Circuits } from '../../../router/state/circuits.ts';
import { FAILURE_KINDS, type FailureKind } from '../../../schemas/observation.ts';
import type { ProviderId } from '../../../schemas/provider.ts';
import { accountKey, type Target, targetKey } from '../../../schemas/target.ts';

const PROVIDERS: readonly ProviderId[] = [
  'anthropic',
  'openrouter',
  'vertex-claude',
  'github-models',
  'vertex-gemini',
];
const TARGETS: readonly Target[] = PROVIDERS.flatMap((provider) =>
  ['KEY', 'KEY_2'].flatMap((account) =>
    ['opus', 'haiku'].map((upstreamModel) => ({ provider, account, upstreamModel })),
  ),
);

type Event =
  | { readonly kind: 'started' | 'succeeded' | 'released' | 'reset'; readonly target: Target }
  | { readonly kind: 'seen'; readonly target: Target; readonly fingerprint: string }
  | { readonly kind: 'failed'; readonly target: Target; readonly failure: FailureKind };
type Step = Event & { readonly afterMs: number };

const target = fc.constantFrom(...TARGETS);
const afterMs = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 15_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 900_000 }) },
);
const failure = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<FailureKind>('server_error', 'overloaded') },
  { weight: 1, arbitrary: fc.constantFrom(...FAILURE_KINDS) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('failed' as const), target, failure, afterMs }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('started' as const, 'succeeded' as const, 'released' as const),
      target,
      afterMs,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('seen' as const),
      target,
      fingerprint: fc.constantFrom('a', 'b'),
      afterMs,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const), target, afterMs }) },
);
// Few targets fail often enough to open.
const steps = fc
  .tuple(fc.integer({ min: 1, max: TARGETS.length }), fc.array(step, { maxLength: 120 }))
  .map(([count, all]) =>
    all.map((each) => ({
      ...each,
      target: TARGETS[TARGETS.indexOf(each.target) % count] ?? each.target,
    })),
  );

function apply(circuits: Circuits, event: Event, nowMs: number): void {
  const { kind, target: to } = event;
  if (kind === 'failed') circuits.failed(to, event.failure, nowMs);
  else if (kind === 'seen') circuits.seen(to.provider, to.account, event.fingerprint);
  else if (kind === 'reset') circuits.reset(to.provider, to.account);
  else circuits[kind](to, nowMs);
}

/** Runs the steps and looks after each of them. */
function run(
  all: readonly Step[],
  look: (circuits: Circuits, nowMs: number, event: Event) => void,
): void {
  const circuits = new Circuits({ random: () => 0.25, providers: PROVIDERS });
  let nowMs = 1_000;
  for (const event of all) {
    nowMs += event.afterMs;
    apply(circuits, event, nowMs);
    look(circuits, nowMs, event);
  }
}

const OF_ACCOUNT: readonly FailureKind[] = ['connection', 'server_error', 'timeout', 'malformed'];

/** Whose circuit a failure may open; null = nobody's. */
function ownerOf(event: Event): string | null {
  if (event.kind !== 'failed') return null;
  if (event.failure === 'overloaded') return targetKey(event.target);
  return OF_ACCOUNT.includes(event.failure) ? accountKey(event.target) : null;
}

test('whatever happens, every standing is well-formed', () => {
  fc.assert(
    fc.property(steps, (all) =>
      run(all, (circuits, nowMs) => {
        for (const each of TARGETS) {
          const { state, cause, backInMs, mayProbe, weight } = circuits.standing(each, nowMs);
          assert.ok(weight >= 0.1 && weight <= 1);
          assert.equal(cause === null, state === 'closed');
          assert.ok(backInMs === null || (backInMs >= 0 && backInMs <= 300_000));
          if (state === 'closed' || state === 'suspect') assert.ok(mayProbe && backInMs === 0);
          if (state === 'open') assert.ok(!mayProbe && backInMs !== null && backInMs > 0);
          if (state === 'blocked') assert.ok(!mayProbe);
          if (state === 'half_open') assert.equal(backInMs, mayProbe ? 0 : null);
        }
      }),
    ),
  );
});

test('a closed circuit opens after five counted failures at the earliest', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const failures = new Map<string, number>();
      const before = new Map<string, string>();
      run(all, (circuits, nowMs, event) => {
        const owner = ownerOf(event);
        if (owner !== null) failures.set(owner, (failures.get(owner) ?? 0) + 1);
        for (const each of TARGETS) {
          const { state } = circuits.standing(each, nowMs);
          const known = before.get(targetKey(each)) ?? 'closed';
          before.set(targetKey(each), state);
          if (state === 'open' && (known === 'closed' || known === 'suspect')) {
            const counts = [accountKey(each), targetKey(each)].map((key) => failures.get(key) ?? 0);
            assert.ok(Math.max(...counts) >= 5);
          }
        }
      });
    }),
  );
});

test('an open circuit ends by itself, and its probe is let through', () => {
  fc.assert(
    fc.property(steps, (all) =>
      run(all, (circuits, nowMs) => {
        for (const each of TARGETS) {
          const { state, backInMs } = circuits.standing(each, nowMs);
          if (state !== 'open') continue;
          const later = circuits.standing(each, nowMs + (backInMs ?? Number.NaN));
          assert.equal(later.state, 'half_open');
          const muchLater = circuits.standing(each, nowMs + 300_000 + 120_000);
          assert.deepEqual([muchLater.state, muchLater.mayProbe], ['half_open', true]);
        }
      }),
    ),
  );
});

test('failures never eject more than half of the providers', () => {
  fc.assert(
    fc.property(steps, (all) =>
      run(all, (circuits, nowMs) => {
        const open = TARGETS.filter((each) => circuits.standing(each, nowMs).state === 'open');
        assert.ok(new Set(open.map(({ provider }) => provider)).size <= 2);
      }),
    ),
  );
});

test('a snapshot brings everything back on another clock: whatever follows, both stand the same', () => {
  // Attempts are counted in slots of five seconds.
  const clock = fc.integer({ min: -100_000, max: 100_000 }).map((slots) => slots * 5_000);
  fc.assert(
    fc.property(steps, steps, clock, (all, rest, shiftMs) => {
      const circuits = new Circuits({ random: () => 0.25, providers: PROVIDERS });
      const copy = new Circuits({ random: () => 0.25, providers: PROVIDERS });
      let nowMs = 1_000;
      for (const event of all) {
        nowMs += event.afterMs;
        apply(circuits, event, nowMs);
      }
      copy.restore(JSON.parse(JSON.stringify(circuits.snapshot(nowMs))), nowMs + shiftMs);
      const compare = (): void => {
        for (const each of TARGETS) {
          const expected = circuits.standing(each, nowMs);
          assert.deepEqual(copy.standing(each, nowMs + shiftMs), expected);
        }
      };
      compare();
      for (const event of rest) {
        nowMs += event.afterMs;
        apply(circuits, event, nowMs);
        apply(copy, event, nowMs + shiftMs);
        compare();
      }
    }),
  );
});
