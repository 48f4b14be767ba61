import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Lease } from '../../bus/lease.ts';
import { createLog } from '../../bus/log.ts';
import type { RoutingStore, StoredSnapshot } from '../../bus/routing-store.ts';
import { LIMITS } from '../../config/limits.ts';
import type { Brain, BrainSnapshot } from '../../router/brain.ts';
import { Snapshots } from '../../router/snapshots.ts';
import { type HealthReport, NO_SETTINGS } from '../../schemas/routing.ts';

const log = createLog({ level: 'silent', name: 'test' });

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => mock.timers.reset());

/** A router's snapshots with everything around them made up. */
function setUp(kept: { json: object; revision: number } | null = null) {
  const world = {
    nowMs: 1_000_000,
    changes: 0,
    adopted: [] as BrainSnapshot['asOf'][],
    isHeld: false,
    fence: 7,
    isDown: false,
    kept: kept === null ? null : { json: JSON.stringify(kept.json), revision: kept.revision },
    writes: 0,
    homes: [] as readonly unknown[],
    adoptedHomes: [] as unknown[],
    keptHomes: null as StoredSnapshot | null,
    homesWrites: 0,
    reports: [] as HealthReport[],
  };
  const brain = {
    get changes() {
      return world.changes;
    },
    snapshot: () => ({ v: 1, asOf: { own: world.changes }, state: {} }),
    adopt: ({ asOf }: BrainSnapshot) => {
      world.adopted.push(asOf);
      return true;
    },
    homesInParts: () => world.homes,
    adoptHomes: (part: unknown, atMs: number) => void world.adoptedHomes.push([part, atMs]),
    health: (nowMs: number) => ({ v: 1, atMs: nowMs, strategy: 'cost', providers: [] }),
  } as unknown as Brain; // what snapshots use of it
  const reachable = (): void => {
    if (world.isDown) throw new Error('no JetStream');
  };
  const store: RoutingStore = {
    settings: () => NO_SETTINGS,
    readSettings: async () => NO_SETTINGS,
    onSettings: () => () => {},
    updateSettings: async () => NO_SETTINGS,
    async readSnapshot(): Promise<StoredSnapshot | null> {
      reachable();
      return world.kept;
    },
    async putSnapshot(json, after) {
      reachable();
      if (after !== (world.kept?.revision ?? 0)) return null;
      world.writes += 1;
      world.kept = { json, revision: after + 1 };
      return after + 1;
    },
    async readConversations() {
      reachable();
      return world.keptHomes;
    },
    async putConversations(json) {
      reachable();
      world.homesWrites += 1;
      world.keptHomes = { json, revision: world.homesWrites };
    },
    async putHealth(report) {
      reachable();
      world.reports.push(report);
    },
    async [Symbol.asyncDispose]() {},
  };
  const lease: Lease = {
    get isHeld() {
      return world.isHeld;
    },
    get revision() {
      return world.fence;
    },
    onChange: () => () => {},
    async [Symbol.asyncDispose]() {},
  };
  const snapshots = new Snapshots({ brain, store, lease, log, clock: () => world.nowMs });
  snapshots.start();
  const step = async (times = 1): Promise<void> => {
    for (let count = 0; count < times; count += 1) {
      world.nowMs += LIMITS.snapshotMs;
      mock.timers.tick(LIMITS.snapshotMs);
      await turn();
    }
  };
  const written = (): { asOf: object; fence: number } => JSON.parse(world.kept?.json ?? '{}');
  return { world, snapshots, step, written };
}

function snapshotOf(asOf: Record<string, number>, fence = 1) {
  return { v: 1, asOf, fence, state: {} };
}

test('only the leader writes, at most four times a second, and only what is new', async () => {
  const { world, step, written } = setUp();
  world.changes = 1;
  await step(4);
  assert.deepEqual([world.writes, world.reports.length], [0, 0]);
  world.isHeld = true;
  await step();
  assert.deepEqual([world.writes, written().asOf, written().fence], [1, { own: 1 }, 7]);
  await step(20);
  assert.equal(world.writes, 1, 'nothing is new');
  for (let count = 0; count < 8; count += 1) {
    world.changes += 1;
    await step();
  }
  assert.equal(world.writes, 9);
  world.isHeld = false;
  world.changes += 1;
  await step(4);
  assert.equal(world.writes, 9, 'it leads no more');
});

test('homes are written apart and seldom, in parts, and all that is new at the end', async () => {
  const { world, snapshots, step } = setUp();
  world.homes = [{ part: 1 }, { part: 2 }];
  world.isHeld = true;
  world.changes = 1;
  await step();
  // A turn of the event loop for each part.
  await turn();
  await turn();
  const writtenAtMs = world.nowMs;
  const kept = () => JSON.parse(world.keptHomes?.json ?? '{}');
  assert.deepEqual(kept(), { v: 1, atMs: writtenAtMs, parts: [{ part: 1 }, { part: 2 }] });
  while (world.nowMs < writtenAtMs + LIMITS.conversationsKeptMs - LIMITS.snapshotMs) {
    world.changes += 1;
    await step();
  }
  assert.ok(world.writes > 30);
  assert.equal(world.homesWrites, 1);
  world.homes = [];
  await step();
  assert.equal(world.homesWrites, 2);
  assert.deepEqual(kept().parts, []);
  await snapshots[Symbol.asyncDispose]();
  assert.equal(world.homesWrites, 2, 'nothing is new');
});

test('homes are taken over once, as of when they were written; nonsense is left', async () => {
  const { world, snapshots, step } = setUp();
  world.keptHomes = { json: '{"v":1,"atMs":5,"parts":[7,8]}', revision: 3 };
  await snapshots.readFirst();
  const adopted = [
    [7, 5],
    [8, 5],
  ];
  assert.deepEqual(world.adoptedHomes, adopted);
  snapshots.reconnected();
  await step(4);
  assert.deepEqual(world.adoptedHomes, adopted);
  world.keptHomes = { json: '{"v":1', revision: 4 };
  snapshots.reconnected();
  await step(4);
  world.keptHomes = { json: '{"v":1,"atMs":9,"parts":[1]}', revision: 5 };
  snapshots.reconnected();
  await step(4);
  assert.deepEqual(world.adoptedHomes, [...adopted, [1, 9]]);
});

test('health is written when it changed, and now and then as a sign of life', async () => {
  const { world, step } = setUp();
  world.isHeld = true;
  await step(8);
  assert.equal(world.reports.length, 1);
  await step(LIMITS.healthSignMs / LIMITS.snapshotMs);
  assert.equal(world.reports.length, 2);
});

test('what was kept is taken over before a leader writes over it', async () => {
  const { world, snapshots, step, written } = setUp({ json: snapshotOf({ wk: 3 }), revision: 5 });
  world.isHeld = true;
  world.isDown = true;
  await assert.rejects(snapshots.readFirst());
  await step(3);
  assert.deepEqual([world.adopted, world.writes], [[], 0]);
  world.isDown = false;
  await step();
  assert.deepEqual([world.adopted, world.writes], [[{ wk: 3 }], 1]);
  assert.equal(written().fence, 7);
});

test('a leader that was overtaken writes no more; one before it is written over', async () => {
  const { world, step, written } = setUp();
  world.isHeld = true;
  await step();
  world.kept = { json: JSON.stringify(snapshotOf({ older: 1 }, 6)), revision: 40 };
  world.changes += 1;
  await step(2);
  assert.deepEqual(written(), { v: 1, asOf: { own: 1 }, state: {}, fence: 7 });
  world.kept = { json: JSON.stringify(snapshotOf({ newer: 1 }, 8)), revision: 50 };
  for (let count = 0; count < 5; count += 1) {
    world.changes += 1;
    await step();
  }
  assert.deepEqual(written().asOf, { newer: 1 });
  // It leads again, later: then its word counts again.
  world.isHeld = false;
  await step();
  world.isHeld = true;
  world.fence = 9;
  await step();
  assert.equal(written().fence, 9);
});

test('a router that missed observations takes the first snapshot that has them', async () => {
  const { world, snapshots, step } = setUp({ json: snapshotOf({ wk: 3 }), revision: 5 });
  await snapshots.readFirst();
  assert.deepEqual(world.adopted, [{ wk: 3 }]);
  await step(4);
  snapshots.missed('wk', 6);
  await step(4);
  assert.equal(world.adopted.length, 1, 'the kept one lacks them');
  world.kept = { json: JSON.stringify(snapshotOf({ wk: 7 })), revision: 6 };
  await step(2);
  assert.deepEqual(world.adopted.slice(1), [{ wk: 7 }]);
  await step(4);
  assert.equal(world.adopted.length, 2, 'once is enough');
});

test('what nobody has is given up', async () => {
  const { world, snapshots, step } = setUp({ json: snapshotOf({ wk: 3 }), revision: 5 });
  await snapshots.readFirst();
  snapshots.missed('wk', 6);
  await step(LIMITS.snapshotTriesMax + 4);
  world.kept = { json: JSON.stringify(snapshotOf({ wk: 7 })), revision: 6 };
  await step(4);
  assert.equal(world.adopted.length, 1);
});

test('after a reconnect the snapshot is taken again', async () => {
  const { world, snapshots, step } = setUp({ json: snapshotOf({ wk: 3 }), revision: 5 });
  await snapshots.readFirst();
  snapshots.reconnected();
  await step();
  assert.equal(world.adopted.length, 1, 'the leader needs a moment');
  await step(3);
  assert.equal(world.adopted.length, 2);
});

test('who ends while it leads writes what is new', async () => {
  const { world, snapshots, step, written } = setUp();
  world.isHeld = true;
  await step();
  world.changes += 1;
  await snapshots[Symbol.asyncDispose]();
  assert.deepEqual(written().asOf, { own: 1 });
  await step(4);
  assert.equal(world.writes, 2);
});
