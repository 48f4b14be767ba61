import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CircuitStanding } from '../../../router/knowledge.ts';
import { Circuits } from '../../../router/state/circuits.ts';
import type { FailureKind } from '../../../schemas/observation.ts';
import type { ProviderId } from '../../../schemas/provider.ts';
import type { Target } from '../../../schemas/target.ts';

const PROVIDERS: readonly ProviderId[] = ['anthropic', 'openrouter', 'vertex-claude'];
const OPUS: Target = { provider: 'anthropic', account: 'KEY', upstreamModel: 'opus' };
const HAIKU: Target = { ...OPUS, upstreamModel: 'haiku' };
const OTHER: Target = { provider: 'openrouter', account: 'KEY', upstreamModel: 'opus' };
const THIRD: Target = { provider: 'vertex-claude', account: 'KEY', upstreamModel: 'opus' };

const circuitsOf = (providers = PROVIDERS, random = (): number => 0.5): Circuits =>
  new Circuits({ random, providers });

function failTimes(
  circuits: Circuits,
  times: number,
  { target = OPUS, kind = 'server_error' as FailureKind, atMs = 0 } = {},
): void {
  for (let count = 0; count < times; count++) circuits.failed(target, kind, atMs);
}

/** Ejects at `atMs`; gives the time of the first probe. */
function ejected(circuits: Circuits, atMs = 0, target = OPUS): number {
  failTimes(circuits, 5, { target, atMs });
  const { state, backInMs } = circuits.standing(target, atMs);
  assert.equal(state, 'open');
  return atMs + (backInMs ?? Number.NaN);
}

/** One good probe. */
function probe(circuits: Circuits, atMs: number): void {
  circuits.started(OPUS, atMs);
  circuits.succeeded(OPUS, atMs);
}

const stateOf = (circuits: Circuits, target: Target, atMs: number): CircuitStanding['state'] =>
  circuits.standing(target, atMs).state;

test('nobody has failed: closed, with the whole weight', () => {
  assert.deepEqual(circuitsOf().standing(OPUS, 0), {
    state: 'closed',
    cause: null,
    backInMs: 0,
    mayProbe: true,
    weight: 1,
  });
});

test('every kind of failure counts for its level only', () => {
  for (const [kind, opus, haiku] of [
    ['connection', 'suspect', 'suspect'],
    ['server_error', 'suspect', 'suspect'],
    ['timeout', 'suspect', 'suspect'],
    ['malformed', 'suspect', 'suspect'],
    ['overloaded', 'suspect', 'closed'],
    ['rate_limited', 'closed', 'closed'],
    ['request', 'closed', 'closed'],
    ['credential', 'blocked', 'blocked'],
    ['billing', 'blocked', 'blocked'],
    ['not_served', 'blocked', 'closed'],
  ] as const) {
    const circuits = circuitsOf();
    circuits.failed(OPUS, kind, 0);
    assert.equal(stateOf(circuits, OPUS, 0), opus, kind);
    assert.equal(stateOf(circuits, HAIKU, 0), haiku, kind);
    assert.equal(stateOf(circuits, { ...OPUS, account: 'KEY_2' }, 0), 'closed', kind);
    assert.equal(stateOf(circuits, OTHER, 0), 'closed', kind);
    assert.equal(circuits.standing(OPUS, 0).cause, opus === 'closed' ? null : kind);
  }
});

test('a suspect is one for twice as long with each failure, and a success ends it at once', () => {
  const circuits = circuitsOf();
  let nowMs = 0;
  for (const forMs of [1_000, 2_000, 4_000, 8_000]) {
    circuits.failed(OPUS, 'timeout', nowMs);
    assert.equal(stateOf(circuits, OPUS, nowMs + forMs - 1), 'suspect');
    nowMs += forMs;
    assert.equal(stateOf(circuits, OPUS, nowMs), 'closed');
    assert.equal(circuits.standing(OPUS, nowMs).cause, null);
  }
  const recovering = circuitsOf();
  failTimes(recovering, 4);
  recovering.succeeded(HAIKU, 1);
  assert.equal(stateOf(recovering, OPUS, 1), 'closed');
  recovering.failed(OPUS, 'timeout', 2);
  assert.equal(stateOf(recovering, OPUS, 1_002), 'closed', 'counts from one again');
});

test('five failures in a row open, four do not, a success between them starts again', () => {
  const circuits = circuitsOf();
  failTimes(circuits, 4);
  circuits.succeeded(OPUS, 0);
  failTimes(circuits, 4);
  assert.equal(stateOf(circuits, OPUS, 0), 'suspect');
  circuits.failed(OPUS, 'rate_limited', 0);
  circuits.failed(OPUS, 'request', 0);
  assert.equal(stateOf(circuits, OPUS, 0), 'suspect');
  circuits.failed(OPUS, 'connection', 0);
  assert.deepEqual(circuits.standing(HAIKU, 4_000), {
    state: 'open',
    cause: 'connection',
    backInMs: 6_000,
    mayProbe: false,
    weight: 0.1,
  });
});

test('half of twenty attempts in 30 s open, older ones do not count', () => {
  const alternate = (circuits: Circuits, pairs: number, atMs: number): void => {
    for (let pair = 0; pair < pairs; pair++) {
      circuits.succeeded(OPUS, atMs);
      circuits.failed(OPUS, 'overloaded', atMs);
    }
  };
  const circuits = circuitsOf();
  alternate(circuits, 9, 0);
  circuits.succeeded(OPUS, 20_000);
  assert.equal(stateOf(circuits, OPUS, 20_000), 'closed');
  circuits.failed(OPUS, 'overloaded', 20_000);
  assert.equal(stateOf(circuits, OPUS, 20_000), 'open');
  assert.equal(stateOf(circuits, HAIKU, 20_000), 'closed');
  const slow = circuitsOf();
  alternate(slow, 9, 0);
  alternate(slow, 9, 31_000);
  assert.equal(stateOf(slow, OPUS, 31_000), 'suspect');
  const mostlyWell = circuitsOf();
  for (let round = 0; round < 50; round++) {
    mostlyWell.succeeded(OPUS, 0);
    alternate(mostlyWell, 1, 0);
  }
  assert.equal(stateOf(mostlyWell, OPUS, 0), 'suspect', 'a third fails');
});

test('an ejection is doubled each time up to five minutes, spread by a fifth', () => {
  for (const [random, share] of [
    [0, 0.8],
    [0.5, 1],
    [0.999_999, 1.2],
  ] as const) {
    const circuits = circuitsOf(PROVIDERS, () => random);
    let nowMs = ejected(circuits);
    const first = nowMs;
    assert.ok(Math.abs(first - 10_000 * share) < 1, `${first}`);
    for (const expectedMs of [20_000, 40_000, 80_000, 160_000, 320_000, 640_000, 1_280_000]) {
      circuits.started(OPUS, nowMs);
      circuits.failed(OPUS, 'server_error', nowMs);
      const { state, backInMs } = circuits.standing(OPUS, nowMs);
      assert.equal(state, 'open');
      assert.ok(Math.abs((backInMs ?? 0) - Math.min(300_000, expectedMs * share)) < 1);
      nowMs += backInMs ?? 0;
    }
  }
});

test('half-open lets one, two, four probes through, and the third good one closes', () => {
  const circuits = circuitsOf();
  const nowMs = ejected(circuits);
  for (const allowed of [1, 2, 4]) {
    for (let inFlight = 0; inFlight < allowed; inFlight++) {
      const { state, mayProbe, backInMs } = circuits.standing(HAIKU, nowMs);
      assert.deepEqual([state, mayProbe, backInMs], ['half_open', true, 0]);
      circuits.started(OPUS, nowMs);
    }
    const { mayProbe, backInMs } = circuits.standing(OPUS, nowMs);
    assert.deepEqual([mayProbe, backInMs], [false, null]);
    for (let inFlight = 1; inFlight < allowed; inFlight++) circuits.released(OPUS, nowMs);
    circuits.succeeded(OPUS, nowMs);
  }
  assert.equal(stateOf(circuits, OPUS, nowMs), 'closed');
});

test('a probe that tells nothing makes room for another, one that never reports does so after two minutes', () => {
  const circuits = circuitsOf();
  const nowMs = ejected(circuits);
  const mayProbe = (atMs: number): boolean => circuits.standing(OPUS, atMs).mayProbe;
  for (const kind of ['rate_limited', 'request', 'overloaded'] as const) {
    circuits.started(OPUS, nowMs);
    assert.equal(mayProbe(nowMs), false);
    circuits.failed(OPUS, kind, nowMs);
    assert.equal(mayProbe(nowMs), true, kind);
    assert.equal(stateOf(circuits, OPUS, nowMs), 'half_open');
  }
  circuits.started(OPUS, nowMs);
  assert.equal(mayProbe(nowMs + 119_999), false);
  assert.equal(mayProbe(nowMs + 120_000), true);
  for (let round = 0; round < 2; round++) probe(circuits, nowMs + 120_000);
  for (const atMs of [nowMs + 120_000, nowMs + 240_000]) {
    for (let inFlight = 0; inFlight < 4; inFlight++) {
      assert.equal(mayProbe(atMs), true);
      circuits.started(OPUS, atMs);
    }
    assert.equal(mayProbe(atMs), false);
  }
});

test('a target behind an open and a half-open circuit stands as the worse', () => {
  const circuits = circuitsOf();
  failTimes(circuits, 5, { kind: 'overloaded' });
  failTimes(circuits, 5, { kind: 'connection', atMs: 5_000 });
  assert.equal(circuits.standing(OPUS, 5_000).backInMs, 10_000);
  assert.deepEqual(
    [10_000, 15_000].map((atMs) => stateOf(circuits, OPUS, atMs)),
    ['open', 'half_open'],
  );
  assert.equal(stateOf(circuits, HAIKU, 10_000), 'open');
  const probing = (): readonly unknown[] => {
    const { mayProbe, backInMs } = circuits.standing(OPUS, 15_000);
    return [mayProbe, backInMs];
  };
  circuits.started(HAIKU, 15_000);
  assert.deepEqual(probing(), [false, null], "the account's probe is in flight");
  circuits.released(HAIKU, 15_000);
  circuits.started(OPUS, 15_000);
  circuits.succeeded(HAIKU, 15_000);
  assert.equal(circuits.standing(HAIKU, 15_000).mayProbe, true);
  assert.deepEqual(probing(), [false, null], "the target's probe is in flight");
});

test('after an ejection the weight rises over a minute, and ten good minutes shorten the next', () => {
  const circuits = circuitsOf();
  const closedMs = ejected(circuits);
  for (let round = 0; round < 3; round++) probe(circuits, closedMs);
  for (const [afterMs, weight] of [
    [0, 0.1],
    [30_000, 0.55],
    [60_000, 1],
  ] as const) {
    assert.equal(circuits.standing(OPUS, closedMs + afterMs).weight, weight);
  }
  const copy = circuitsOf();
  copy.restore(circuits.snapshot(closedMs), closedMs);
  copy.failed(HAIKU, 'overloaded', closedMs + 30_000);
  const { state, weight } = copy.standing(HAIKU, closedMs + 30_000);
  assert.deepEqual([state, weight], ['suspect', 0.55]);
  assert.equal(ejected(copy, closedMs + 599_999) - closedMs, 599_999 + 20_000);
  assert.equal(ejected(circuits, closedMs + 600_000) - closedMs, 600_000 + 10_000);
});

test('while open, only an attempt that started since tells something new', () => {
  const circuits = circuitsOf();
  ejected(circuits);
  circuits.succeeded(OPUS, 1_000);
  circuits.failed(OPUS, 'timeout', 2_000);
  assert.equal(circuits.standing(OPUS, 2_000).backInMs, 8_000);
  circuits.started(OPUS, 3_000);
  circuits.succeeded(OPUS, 3_000);
  assert.equal(stateOf(circuits, OPUS, 3_000), 'half_open');
});

test('probes in flight when one of them fails tell nothing new', () => {
  const circuits = circuitsOf();
  const nowMs = ejected(circuits);
  probe(circuits, nowMs);
  for (let inFlight = 0; inFlight < 2; inFlight++) circuits.started(OPUS, nowMs);
  circuits.failed(OPUS, 'timeout', nowMs);
  assert.equal(circuits.standing(OPUS, nowMs).backInMs, 20_000);
  circuits.succeeded(OPUS, nowMs);
  assert.equal(stateOf(circuits, OPUS, nowMs), 'open');
});

test('what opened a circuit does not count when it has closed', () => {
  const circuits = circuitsOf();
  for (let pair = 0; pair < 10; pair++) {
    circuits.succeeded(OPUS, 0);
    circuits.failed(OPUS, 'timeout', 0);
  }
  assert.equal(stateOf(circuits, OPUS, 0), 'open');
  for (let round = 0; round < 3; round++) probe(circuits, 10_000);
  failTimes(circuits, 4, { atMs: 10_000 });
  assert.equal(stateOf(circuits, OPUS, 10_000), 'suspect');
});

test('a block ends with another fingerprint, a reset or a success, not with the same fingerprint', () => {
  for (const kind of ['credential', 'billing', 'not_served'] as const) {
    const circuits = circuitsOf();
    const block = (): void => {
      circuits.failed(OPUS, kind, 0);
      assert.equal(stateOf(circuits, OPUS, 0), 'blocked');
    };
    block();
    circuits.seen('anthropic', 'KEY', 'first');
    assert.equal(stateOf(circuits, OPUS, 0), 'blocked', 'the first fingerprint is no change');
    block();
    circuits.seen('anthropic', 'KEY_2', 'second');
    circuits.seen('openrouter', 'KEY', 'second');
    assert.equal(stateOf(circuits, OPUS, 0), 'blocked', 'of others');
    circuits.seen('anthropic', 'KEY', 'second');
    assert.equal(stateOf(circuits, OPUS, 0), 'closed');
    block();
    circuits.seen('anthropic', 'KEY', 'second');
    assert.equal(stateOf(circuits, OPUS, 0), 'blocked', 'the one with which it was blocked');
    circuits.seen('anthropic', 'KEY', 'third');
    assert.equal(stateOf(circuits, OPUS, 0), 'closed', 'the known one was another');
    block();
    circuits.succeeded(OPUS, 0);
    assert.equal(circuits.standing(OPUS, 0).weight, 1);
    assert.equal(stateOf(circuits, OPUS, 0), 'closed');
    for (const account of ['KEY', null]) {
      block();
      circuits.reset('anthropic', 'KEY_2');
      circuits.reset('openrouter', null);
      assert.equal(stateOf(circuits, OPUS, 0), 'blocked');
      circuits.reset('anthropic', account);
      assert.equal(stateOf(circuits, OPUS, 0), 'closed');
    }
  }
});

test('only an account without credit is tried again by itself', () => {
  const circuits = circuitsOf();
  circuits.failed(OPUS, 'billing', 0);
  circuits.failed(OTHER, 'credential', 0);
  circuits.failed(THIRD, 'not_served', 0);
  assert.equal(circuits.standing(OPUS, 0).backInMs, 300_000);
  assert.equal(circuits.standing(OTHER, 0).backInMs, null);
  assert.deepEqual(
    [OPUS, OTHER, THIRD].map((target) => stateOf(circuits, target, 300_000)),
    ['half_open', 'blocked', 'blocked'],
  );
  assert.equal(stateOf(circuits, THIRD, 1e12), 'blocked');
  circuits.started(OPUS, 300_000);
  assert.equal(circuits.standing(OPUS, 300_000).mayProbe, false);
  circuits.failed(OPUS, 'timeout', 300_001);
  assert.equal(circuits.standing(OPUS, 300_001).backInMs, 300_000);
});

test('at most half of the providers are ejected, the others are suspect for as long as they fail', () => {
  const circuits = circuitsOf();
  ejected(circuits);
  failTimes(circuits, 5, { target: OTHER });
  assert.equal(stateOf(circuits, OTHER, 9_999), 'suspect');
  assert.equal(stateOf(circuits, OTHER, 10_000), 'closed');
  circuits.failed(OTHER, 'server_error', 10_000);
  assert.equal(stateOf(circuits, OTHER, 19_999), 'suspect');
  failTimes(circuits, 5, { kind: 'overloaded', atMs: 0 });
  assert.equal(stateOf(circuits, OPUS, 0), 'open', 'another circuit of the ejected provider');
  circuits.failed(OTHER, 'credential', 20_000);
  circuits.failed(THIRD, 'credential', 20_000);
  assert.equal(stateOf(circuits, THIRD, 20_000), 'blocked', 'blocks do not count');
  const alone = circuitsOf(['anthropic']);
  failTimes(alone, 50);
  assert.equal(stateOf(alone, OPUS, 0), 'suspect');
});

test('a provider that came back or that nobody tries any more gives its place away', () => {
  for (const comesBack of [true, false]) {
    const circuits = circuitsOf();
    let nowMs = ejected(circuits);
    failTimes(circuits, 5, { target: OTHER, atMs: nowMs });
    assert.equal(stateOf(circuits, OTHER, nowMs), 'suspect');
    if (comesBack) for (let round = 0; round < 3; round++) probe(circuits, nowMs);
    else nowMs += 300_000;
    failTimes(circuits, 5, { target: OTHER, atMs: nowMs });
    assert.equal(stateOf(circuits, OTHER, nowMs), 'open');
    if (comesBack) continue;
    circuits.failed(OPUS, 'timeout', nowMs);
    assert.equal(stateOf(circuits, OPUS, nowMs), 'suspect');
  }
});

test('a snapshot for fewer providers ejects no more than half of them', () => {
  const circuits = circuitsOf([...PROVIDERS, 'github-models']);
  ejected(circuits);
  ejected(circuits, 0, OTHER);
  const copy = circuitsOf(PROVIDERS);
  copy.restore(circuits.snapshot(0), 0);
  assert.deepEqual(
    [OPUS, OTHER].map((target) => stateOf(copy, target, 0)),
    ['open', 'suspect'],
  );
});

test('nonsense in a snapshot is left out entry by entry', () => {
  const circuits = circuitsOf();
  ejected(circuits);
  const { circuits: entries } = circuits.snapshot(0) as { circuits: Record<string, unknown>[] };
  const [good] = entries;
  const bad = [
    null,
    7,
    {},
    { ...good, backInMs: 1e9 },
    { ...good, backInMs: null },
    { ...good, provider: 'x' },
  ];
  const copy = circuitsOf();
  copy.restore({ circuits: [...bad, { ...good, account: 'KEY_2' }], fingerprints: [1, ['a']] }, 0);
  assert.equal(stateOf(copy, OPUS, 0), 'closed');
  assert.equal(stateOf(copy, { ...OPUS, account: 'KEY_2' }, 0), 'open');
  for (const json of [null, 'x', [], { circuits: 'x' }]) {
    copy.restore(json, 0);
    assert.equal(stateOf(copy, { ...OPUS, account: 'KEY_2' }, 0), 'closed');
  }
});

test('probes, good rounds and attempts counted survive a snapshot', () => {
  const copyOf = (circuits: Circuits, atMs: number): Circuits => {
    const copy = circuitsOf();
    copy.restore(JSON.parse(JSON.stringify(circuits.snapshot(atMs))), atMs);
    return copy;
  };
  const circuits = circuitsOf();
  const nowMs = ejected(circuits);
  for (let round = 0; round < 2; round++) probe(circuits, nowMs);
  for (let inFlight = 0; inFlight < 4; inFlight++) circuits.started(OPUS, nowMs);
  const copy = copyOf(circuits, nowMs + 60_000);
  assert.equal(copy.standing(OPUS, nowMs + 119_999).mayProbe, false);
  assert.equal(copy.standing(OPUS, nowMs + 120_000).mayProbe, true);
  copy.succeeded(OPUS, nowMs + 60_000);
  assert.equal(stateOf(copy, OPUS, nowMs + 60_000), 'closed', 'the third round');
  const counting = circuitsOf();
  for (let pair = 0; pair < 10; pair++) {
    if (pair > 0) counting.failed(OPUS, 'overloaded', 0);
    counting.succeeded(OPUS, 0);
  }
  const counted = copyOf(counting, 10_000);
  counted.failed(OPUS, 'overloaded', 10_000);
  assert.equal(stateOf(counted, OPUS, 10_000), 'open');
});

test('fingerprints survive a snapshot: the one known, and the one with which an account was blocked', () => {
  const circuits = circuitsOf();
  circuits.seen('anthropic', 'KEY', 'first');
  circuits.seen('openrouter', 'KEY', 'first');
  circuits.failed(OPUS, 'credential', 0);
  const copy = circuitsOf();
  copy.restore(JSON.parse(JSON.stringify(circuits.snapshot(0))), 0);
  copy.failed(OTHER, 'credential', 0);
  for (const target of [OPUS, OTHER]) {
    copy.seen(target.provider, 'KEY', 'first');
    assert.equal(stateOf(copy, target, 0), 'blocked');
  }
  copy.restore(JSON.parse(JSON.stringify(copy.snapshot(0))), 0);
  for (const target of [OPUS, OTHER]) {
    copy.seen(target.provider, 'KEY', 'second');
    assert.equal(stateOf(copy, target, 0), 'closed');
  }
});
