/** The books against what the providers would bill, while programs are killed: the small version of `npm run bench:truth`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBed } from '../../bench/crash-points/bed.ts';
import { percentOff, totalOf } from '../../bench/truth/estimate-sums.ts';
import { runTruth } from '../../bench/truth/run.ts';

import { within } from '../support/latch.ts';

const SEED = 2;

test('whoever is killed: every call of a provider is in the books, once, and exact entries to the picodollar', async (t) => {
  const { comparison, killed, ledger, findings } = await runTruth({
    requests: 400,
    concurrency: 24,
    killMs: 800,
    seed: SEED,
  });
  t.diagnostic(`seed ${SEED}: ${killed.map(({ name }) => name).join(', ')}`);
  assert.deepEqual(findings, []);
  assert.equal(ledger.open, 0);
  assert.ok(killed.length > 0 && comparison.exact.entries > 200);
  assert.ok(comparison.estimated.size > 0);
  const { estimated, estimatedCached } = comparison;
  for (const [name, sums] of Object.entries({ uncached: estimated, cached: estimatedCached })) {
    const sum = totalOf(sums.values());
    t.diagnostic(`${sum.entries} estimated, ${name}: ${percentOff(sum).toFixed(1)} % off`);
  }
});

test('a worker killed as soon as its upstream hears of a request: the attempt was reserved before', async () => {
  await using bed = await startBed({});
  for (let round = 0; round < 5; round += 1) {
    const arrived = bed.nextCall();
    const asked = bed.ask();
    await within(arrived, 'a call');
    await bed.kill(bed.worker);
    await asked.ended;
  }
  const { findings, unreserved, attempts } = await bed.check();
  assert.deepEqual([findings, unreserved], [[], 0]);
  assert.ok(attempts.ends.size >= 5);
});
