import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SlidingShare } from '../../../router/state/sliding-share.ts';

const SLOTS = { slotMs: 1_000, slots: 5 };
const events = fc.array(
  fc.record({ afterMs: fc.integer({ min: 0, max: 7_000 }), isMarked: fc.boolean() }),
  { maxLength: 60 },
);

test('it counts what happened in the last slots, whatever came before, on any clock', () => {
  fc.assert(
    fc.property(events, fc.integer({ min: -1e6, max: 1e6 }), (all, startMs) => {
      const share = new SlidingShare(SLOTS);
      const seen: { slot: number; isMarked: boolean }[] = [];
      let nowMs = startMs;
      for (const { afterMs, isMarked } of all) {
        nowMs += afterMs;
        share.add(isMarked, nowMs);
        seen.push({ slot: Math.floor(nowMs / 1_000), isMarked });
        const recent = seen.filter(({ slot }) => slot > Math.floor(nowMs / 1_000) - 5);
        const marked = recent.filter((each) => each.isMarked).length;
        assert.deepEqual(share.count(nowMs), { all: recent.length, marked });
      }
      const copy = new SlidingShare(SLOTS);
      copy.add(true, 0);
      copy.restore(share.snapshot(nowMs), nowMs + 77_000);
      assert.deepEqual(copy.count(nowMs + 77_000), share.count(nowMs));
      share.clear();
      assert.deepEqual(share.count(nowMs), { all: 0, marked: 0 });
    }),
  );
});

test('a snapshot with more slots or more marked than all is cut', () => {
  const share = new SlidingShare(SLOTS);
  share.restore(
    [
      [0, 2, 9],
      [5, 100, 100],
    ],
    10_000,
  );
  assert.deepEqual(share.count(10_000), { all: 2, marked: 2 });
});
