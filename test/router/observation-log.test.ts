import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../config/limits.ts';
import { ObservationLog } from '../../router/observation-log.ts';
import type { ObservationBatch } from '../../schemas/observation.ts';

function batch(source: string, sequence: number): ObservationBatch {
  return { v: 1, source, sequence, observations: [] };
}

function names(batches: readonly ObservationBatch[] | null): readonly string[] | null {
  return batches?.map(({ source, sequence }) => `${source}${sequence}`) ?? null;
}

test('batches are taken once; a gap is told', () => {
  const log = new ObservationLog();
  const taken = [1, 2, 2, 1, 4, 3, 5].map((sequence) => log.take(batch('a', sequence), 0));
  assert.deepEqual(taken, ['new', 'new', 'old', 'old', 'gap', 'old', 'new']);
  assert.equal(log.take(batch('b', 7), 0), 'gap');
  assert.deepEqual(log.positions(), { a: 5, b: 7 });
});

test('what a snapshot lacks is told in the order it came', () => {
  const log = new ObservationLog();
  for (const [source, sequence] of [
    ['a', 1],
    ['b', 1],
    ['a', 2],
    ['b', 2],
  ] as const) {
    log.take(batch(source, sequence), 0);
  }
  assert.deepEqual(names(log.since({ a: 1, b: 2 })), ['a2']);
  assert.deepEqual(names(log.since({})), ['a1', 'b1', 'a2', 'b2']);
  log.skipTo({ a: 9 });
  assert.equal(log.take(batch('a', 9), 0), 'old');
  assert.equal(log.take(batch('a', 10), 0), 'new');
});

test('a snapshot from before what is remembered is refused, by age and by number', () => {
  const old = new ObservationLog();
  old.take(batch('a', 1), 0);
  old.take(batch('a', 2), LIMITS.observationLogMsMax + 1);
  assert.deepEqual(names(old.since({ a: 1 })), ['a2']);
  assert.equal(old.since({ a: 0 }), null);
  const long = new ObservationLog();
  for (let sequence = 1; sequence <= LIMITS.observationLogBatchesMax + 2; sequence += 1) {
    long.take(batch('a', sequence), 0);
  }
  assert.equal(long.since({ a: 1 }), null);
  assert.equal(long.since({ a: 2 })?.length, LIMITS.observationLogBatchesMax);
});

test('processes that went silent long ago make room', () => {
  const log = new ObservationLog();
  for (let number = 0; number < LIMITS.observationSourcesMax + 5; number += 1) {
    log.take(batch(`wk${number}`, 1), 0);
  }
  assert.equal(Object.keys(log.positions()).length, LIMITS.observationSourcesMax);
});

test('positions and what follows them make up everything that was taken', () => {
  const steps = fc.array(
    fc.record({
      source: fc.constantFrom('a', 'b', 'c'),
      skip: fc.integer({ min: 0, max: 2 }),
      waitMs: fc.constantFrom(0, 1, LIMITS.observationLogMsMax / 2),
    }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, fc.nat({ max: 40 }), (all, cut) => {
      const log = new ObservationLog();
      const taken: ObservationBatch[] = [];
      const last = new Map<string, number>();
      let nowMs = 0;
      let positions = {};
      for (const [index, { source, skip, waitMs }] of all.entries()) {
        if (index === cut) positions = log.positions();
        nowMs += waitMs;
        const next = batch(source, (last.get(source) ?? 0) + 1 + skip);
        last.set(source, next.sequence);
        assert.equal(log.take(next, nowMs), skip === 0 ? 'new' : 'gap');
        if (index >= cut) taken.push(next);
      }
      if (cut >= all.length) positions = log.positions();
      const since = log.since(positions);
      // Null only when something that is lacking is too old to be remembered.
      if (since !== null) assert.deepEqual(names(since), names(taken));
      else assert.ok(taken.length > 0 && nowMs > LIMITS.observationLogMsMax);
    }),
  );
});
