import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSnapshot } from '../../ingress/snapshot.ts';

test('those who ask while it is fresh share one gathering', async () => {
  let gathered = 0;
  const snapshot = createSnapshot(async () => ++gathered, 60_000);
  assert.deepEqual(await Promise.all([snapshot(), snapshot(), snapshot()]), [1, 1, 1]);
  assert.equal(await snapshot(), 1);
});

test('an old one is gathered again', async () => {
  let gathered = 0;
  const snapshot = createSnapshot(async () => ++gathered, 0);
  assert.deepEqual([await snapshot(), await snapshot()], [1, 2]);
});

test('a failure is told and not kept', async () => {
  let gathered = 0;
  const snapshot = createSnapshot(async () => {
    gathered += 1;
    if (gathered === 1) throw new Error('nobody there');
    return gathered;
  }, 60_000);
  await assert.rejects(snapshot(), /nobody there/);
  assert.equal(await snapshot(), 2);
});
