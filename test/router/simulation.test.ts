import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Simulation } from './support/simulation.ts';

const SCHEDULES = 10_000;
/** SIMULATION_SEED=<number> runs a single schedule again. */
const wanted = process.env['SIMULATION_SEED'];

test('in 10,000 schedules of faults nobody is asked who should not be', () => {
  const simulation = new Simulation();
  const count = wanted === undefined ? SCHEDULES : 1;
  for (let index = 0; index < count; index += 1) {
    const seed = wanted === undefined ? index : Number(wanted);
    try {
      simulation.run(seed);
    } catch (error) {
      throw new Error(`SIMULATION_SEED=${seed}: ${String(error)}`, { cause: error });
    }
  }
  if (wanted !== undefined) return;
  // The schedules have gone where it hurts.
  for (const [what, seen] of Object.entries(simulation.counts))
    assert.ok(seen >= 50, `${what}: ${seen}`);
});
