import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Brain } from '../../router/brain.ts';
import type { RoutingState } from '../../router/knowledge.ts';
import type { RouterPolicy } from '../../router/policy.ts';
import type { ObservationBatch } from '../../schemas/observation.ts';
import { NO_SETTINGS } from '../../schemas/routing.ts';
import { fakeKnowledge } from './support/fake-knowledge.ts';
import { policyFor, requestFor } from './support/routing.ts';

/** A state that is the list of what it learned. */
function listState(reserved: string[] = []): RoutingState & { readonly learned: string[] } {
  const learned: string[] = [];
  return {
    ...fakeKnowledge(),
    learned,
    settings: NO_SETTINGS,
    apply: () => {},
    fold: (observation) => {
      if (observation.kind === 'account') learned.push(observation.fingerprint);
    },
    reserve: (requestId, target) => void reserved.push(`${requestId} ${target.provider}`),
    homesInParts: () => [],
    addHomes: () => {},
    snapshot: () => ({ v: 1, learned: [...learned] }),
    restore(snapshot) {
      if (typeof snapshot !== 'object' || snapshot === null || !('learned' in snapshot))
        return false;
      if (!Array.isArray(snapshot.learned)) return false;
      learned.splice(0, learned.length, ...snapshot.learned);
      return true;
    },
  };
}

function brainWith(state: RoutingState, its: RouterPolicy = policyFor()): Brain {
  return new Brain({ policy: its, state, strategy: 'availability' });
}

function batch(source: string, sequence: number): ObservationBatch {
  const account = { kind: 'account', provider: 'anthropic', account: 'A' } as const;
  return {
    v: 1,
    source,
    sequence,
    observations: [{ ...account, fingerprint: `${source}${sequence}` }],
  };
}

test('a decision is counted as under way and remembered; an explanation is not', () => {
  const reserved: string[] = [];
  const brain = brainWith(listState(reserved));
  const request = requestFor();
  const explanation = brain.explain(request, 1_000);
  assert.deepEqual([reserved, brain.decisions], [[], 0]);
  const { decision } = brain.decide(request, 1_000);
  assert.deepEqual(explanation.decision, decision);
  assert.deepEqual(reserved, [`${request.requestId} ${decision.targets[0]?.provider}`]);
  assert.deepEqual(brain.recentDecisions(), [explanation]);
});

test('what a request waits for is held for as long as it waits', () => {
  const waits: (number | undefined)[] = [];
  const closed = { forecast: { closedForMs: 1_200, headroom: 0, limitedBy: 'requests' } } as const;
  const targets = Object.fromEntries(policyFor().chain.map((provider) => [provider, closed]));
  const state = {
    ...listState(),
    ...fakeKnowledge({ targets }),
    reserve: (...[, , { waitMs }]: Parameters<RoutingState['reserve']>) => void waits.push(waitMs),
  };
  const brain = brainWith(state);
  const { decision } = brain.decide(requestFor(), 1_000);
  assert.equal(decision.reason, 'waiting');
  assert.ok(decision.waitMs >= 1_200);
  assert.equal(brain.decide(requestFor({}, { hasWaited: true }), 1_000).decision.waitMs, 0);
  assert.deepEqual(waits, [decision.waitMs, 0]);
});

test('recent decisions are the newest first, at most a hundred', () => {
  const brain = brainWith(listState());
  const asked = Array.from({ length: 250 }, (_, index) =>
    requestFor({}, { requestId: `r${index}` }),
  );
  for (const request of asked) brain.decide(request, 1_000);
  const told = brain.recentDecisions().map(({ requestId }) => requestId);
  assert.deepEqual(
    told,
    asked
      .map(({ requestId }) => requestId)
      .reverse()
      .slice(0, 100),
  );
  assert.equal(brain.decisions, 250);
});

test('a snapshot of another shape changes nothing', () => {
  const state = listState();
  const brain = brainWith(state);
  brain.learn(batch('a', 1), 0);
  assert.equal(brain.adopt({ v: 1, asOf: { a: 5 }, state: 'nonsense' }, 0), false);
  assert.deepEqual(state.learned, ['a1']);
  assert.equal(brain.learn(batch('a', 2), 0), false, 'its positions are as before');
});

test('who takes over a snapshot knows what its writer knew and what itself heard since, each once', () => {
  const heard = fc.record({
    source: fc.constantFrom('a', 'b'),
    byWriter: fc.boolean(),
    byReader: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(heard, { maxLength: 30 }),
      fc.array(heard, { maxLength: 10 }),
      (before, after) => {
        const [written, read] = [listState(), listState()];
        const [writer, reader] = [brainWith(written), brainWith(read)];
        const sequences = new Map<string, number>();
        const send = ({ source, byWriter, byReader }: (typeof before)[number]): void => {
          const sequence = (sequences.get(source) ?? 0) + 1;
          sequences.set(source, sequence);
          if (byWriter) writer.learn(batch(source, sequence), 0);
          if (byReader) reader.learn(batch(source, sequence), 0);
        };
        before.forEach(send);
        const snapshot = structuredClone(writer.snapshot(0));
        const inSnapshot = [...written.learned];
        after.forEach(send);
        const own = [...read.learned];
        assert.equal(reader.adopt(snapshot, 0), true);
        const isLater = (name: string) =>
          Number(name.slice(1)) > (snapshot.asOf[name[0] ?? ''] ?? 0);
        assert.deepEqual(read.learned, [...inSnapshot, ...own.filter(isLater)]);
        assert.equal(new Set(read.learned).size, read.learned.length);
      },
    ),
  );
});
