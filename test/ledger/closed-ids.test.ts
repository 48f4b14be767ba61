import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../config/limits.ts';
import { ClosedIds } from '../../ledger/state/closed-ids.ts';
import { DigestSet, digestOf } from '../../ledger/state/digest-set.ts';

test('a set of digests is a set, through any additions and deletions', () => {
  // Few homes and many neighbours: what collides is what can go wrong.
  const digests = fc.record({
    high: fc.integer({ min: 1, max: 40 }).map((high) => high * 1_024 - 1),
    low: fc.nat(6).map((low) => low * 2),
  });
  const step = fc.record({ digest: digests, isAdded: fc.boolean(), flag: fc.nat(1) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const model = new Map<string, number>();
      const set = new DigestSet();
      for (const { digest, isAdded, flag } of steps) {
        const name = `${digest.high}.${digest.low}`;
        if (isAdded && !model.has(name)) {
          model.set(name, flag);
          set.add({ high: digest.high, low: digest.low + flag });
        } else if (!isAdded) {
          model.delete(name);
          set.delete(digest);
        }
        assert.equal(set.size, model.size);
        for (let high = 1; high <= 40; high += 1) {
          const other = { high: high * 1_024 - 1, low: digest.low };
          assert.equal(set.flagOf(other), model.get(`${other.high}.${other.low}`) ?? null);
        }
      }
    }),
    { numRuns: 50 },
  );
});

test('a million ids that differ in little have a million digests', () => {
  const set = new DigestSet();
  let same = 0;
  for (let index = 0; index < 1_000_000; index += 1) {
    const digest = digestOf(`rq6f1c2b${index.toString(16)}.${index % 3}`);
    if (set.flagOf(digest) === null) set.add(digest);
    else same += 1;
  }
  assert.deepEqual([same, set.size], [0, 1_000_000]);
});

test('the last million of ids is remembered, the oldest chunk goes at once', () => {
  const chunk = LIMITS.ledgerIdsPerChunkMax;
  const chunksMax = Math.ceil(LIMITS.ledgerIdsMax / chunk);
  const total = chunk * (chunksMax + 2) + 10;
  const ids = new ClosedIds();
  const full: Uint8Array[] = [];
  for (let index = 0; index < total; index += 1) {
    const sealed = ids.add(`id${index}`, index % 7 === 0);
    if (sealed !== null) full[sealed.number] = sealed.bytes;
  }
  assert.equal(full.length, chunksMax + 2);
  assert.deepEqual([ids.first, ids.size], [2, total - 2 * chunk]);
  const { first, next, open } = ids.pack();
  const read = ClosedIds.unpack({ first, next, open }, full.slice(first));
  for (const known of [ids, read]) {
    assert.equal(known.size, total - 2 * chunk);
    assert.equal(known.endOf(`id${2 * chunk - 1}`), null, 'forgotten');
    for (let index = 2 * chunk; index < total; index += 997) {
      assert.equal(known.endOf(`id${index}`), index % 7 === 0 ? 'lost' : 'known');
    }
  }
});
