import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyMean } from '../../../router/state/decayed-mean.ts';
import { SPEED_SEED, SpeedPriors, type SpeedRecord } from '../../../router/state/speed-priors.ts';
import type { ProviderId } from '../../../schemas/provider.ts';

function recordOf(provider: ProviderId, firstContentMs: number, atMs = 0): SpeedRecord {
  const mean = { mean: firstContentMs, weight: 1, atMs };
  return { provider, firstContentMs: mean, msPerToken: emptyMean() };
}

test("a target's prior is the median of all siblings but itself", () => {
  const siblings = [4_000, 1_000, 3_000, 2_000].map((each) => recordOf('anthropic', each));
  const priors = new SpeedPriors([...siblings, recordOf('openrouter', 90_000)], 0);
  const medians = siblings.map((each) => priors.of('anthropic', each).firstContentMs);
  assert.deepEqual(medians, [2_000, 3_000, 2_000, 3_000]);
  assert.equal(priors.of('anthropic', null).firstContentMs, 2_500);
  assert.equal(priors.of('anthropic', null).msPerToken, SPEED_SEED.msPerToken);
});

test('an only child has the median of all others, and nobody at all the seed', () => {
  const child = recordOf('anthropic', 9_000);
  const priors = new SpeedPriors([child, recordOf('openrouter', 400)], 0);
  assert.equal(priors.of('anthropic', child).firstContentMs, 400);
  assert.deepEqual(new SpeedPriors([child], 0).of('anthropic', child), SPEED_SEED);
  assert.deepEqual(new SpeedPriors([], 0).of('anthropic', null), SPEED_SEED);
});

test('siblings measured long ago count as nearly the seed: a provider that was slow is tried again', () => {
  const priors = new SpeedPriors([recordOf('anthropic', 21_500)], 600_000);
  assert.equal(priors.of('anthropic', null).firstContentMs, 11_500);
});
