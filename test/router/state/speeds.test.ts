import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Speeds } from '../../../router/state/speeds.ts';
import type { Target } from '../../../schemas/target.ts';

const OPUS: Target = { provider: 'anthropic', account: 'KEY', upstreamModel: 'opus' };
const HAIKU: Target = { ...OPUS, upstreamModel: 'haiku' };
const SONNET: Target = { ...OPUS, upstreamModel: 'sonnet' };
const OTHER: Target = { provider: 'openrouter', account: 'KEY', upstreamModel: 'opus' };

function record(
  speeds: Speeds,
  target: Target,
  firstContentMs: number | null,
  rest: { tokens?: number; durationMs?: number; isStream?: boolean; atMs?: number } = {},
): void {
  const { tokens = 100, durationMs = (firstContentMs ?? 0) + 1_000, isStream = true } = rest;
  const times = { firstContentMs, durationMs, outputTokens: tokens, isStream };
  speeds.record(target, times, rest.atMs ?? 0);
}

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < expected / 1_000 + 1e-9, `${actual}, not ${expected}`);

test('nothing was measured: 1.5 s and 60 tokens per second', () => {
  const { firstContentMs, outputTokensPerSecond, samples } = new Speeds().speed(OPUS, 0);
  near(outputTokensPerSecond, 60);
  assert.deepEqual([firstContentMs, samples], [1_500, 0]);
});

test('the first content is a mean in which samples lose half of their weight in five minutes', () => {
  const speeds = new Speeds();
  record(speeds, OPUS, 1_000);
  record(speeds, OPUS, 3_000);
  assert.equal(speeds.speed(OPUS, 0).firstContentMs, 2_000);
  assert.equal(speeds.speed(OPUS, 0).samples, 2);
  assert.equal(speeds.speed(OPUS, 300_000).samples, 1);
  record(speeds, OPUS, 6_000, { atMs: 300_000 });
  assert.equal(speeds.speed(OPUS, 300_000).firstContentMs, 4_000);
});

test('tokens per second count from the first content, in answers of at least twenty tokens', () => {
  const speeds = new Speeds();
  record(speeds, OPUS, 9_000, { tokens: 100, durationMs: 10_000 });
  near(speeds.speed(OPUS, 0).outputTokensPerSecond, 100);
  record(speeds, OPUS, 9_000, { tokens: 19, durationMs: 100_000 });
  near(speeds.speed(OPUS, 0).outputTokensPerSecond, 100);
  record(speeds, OPUS, 0, { tokens: 20, durationMs: 600 });
  near(speeds.speed(OPUS, 0).outputTokensPerSecond, 50);
  record(speeds, HAIKU, 5_000, { durationMs: 5_000 });
  near(speeds.speed(HAIKU, 0).outputTokensPerSecond, 10_000);
});

test('only streams tell when the first content came', () => {
  const speeds = new Speeds();
  record(speeds, OPUS, 9_000, { isStream: false });
  record(speeds, OPUS, null);
  record(speeds, OPUS, Number.NaN);
  assert.deepEqual(speeds.speed(OPUS, 0), new Speeds().speed(OPUS, 0));
});

test('who was slow becomes the prior by half in ten minutes', () => {
  const speeds = new Speeds();
  record(speeds, OPUS, 21_500);
  for (const [atMs, expected] of [
    [600_000, 11_500],
    [1_200_000, 6_500],
  ] as const) {
    near(speeds.speed(OPUS, atMs).firstContentMs, expected);
  }
  near(speeds.speed(OPUS, 1e9).firstContentMs, 1_500);
});

test("the prior is the median of the provider's other models, else of all others", () => {
  const speeds = new Speeds();
  record(speeds, OTHER, 400);
  assert.equal(speeds.speed(OPUS, 0).firstContentMs, 400);
  record(speeds, HAIKU, 800);
  assert.equal(speeds.speed(OPUS, 0).firstContentMs, 800);
  record(speeds, SONNET, 1_000);
  assert.equal(speeds.speed(OPUS, 0).firstContentMs, 900);
  record(speeds, { ...OPUS, upstreamModel: 'fable' }, 99_000);
  assert.equal(speeds.speed(OPUS, 0).firstContentMs, 1_000);
  assert.equal(
    speeds.speed({ ...OPUS, provider: 'vertex-claude' }, 0).firstContentMs,
    900,
    'of all',
  );
  const mean = speeds.speed(HAIKU, 1e8).firstContentMs;
  near(mean, 1_500);
});

test('a slow target does not count in its own prior', () => {
  const speeds = new Speeds();
  record(speeds, OPUS, 20_000, { atMs: 0 });
  record(speeds, HAIKU, 1_500, { atMs: 600_000 });
  near(speeds.speed(OPUS, 600_000).firstContentMs, 1_500 + 18_500 / 2);
});

test('the means of a provider: null until seen', () => {
  const speeds = new Speeds();
  assert.deepEqual(speeds.providerMeans('anthropic', 0), {
    firstContentMs: null,
    responseMs: null,
  });
  record(speeds, OPUS, null, { durationMs: 4_000, isStream: false });
  assert.deepEqual(speeds.providerMeans('anthropic', 0), {
    firstContentMs: null,
    responseMs: 4_000,
  });
  record(speeds, HAIKU, 1_000, { durationMs: 2_000 });
  assert.deepEqual(speeds.providerMeans('anthropic', 0), {
    firstContentMs: 1_000,
    responseMs: 3_000,
  });
});

test('a snapshot brings everything back on another clock, without its nonsense', () => {
  const speeds = new Speeds();
  record(speeds, OPUS, 3_000);
  record(speeds, HAIKU, 500, { atMs: 60_000 });
  const json = JSON.parse(JSON.stringify(speeds.snapshot(100_000)));
  json.targets.unshift(null, { ...json.targets[0], firstContentMs: [1, -1, 0] });
  json.providers.push('x');
  const copy = new Speeds();
  record(copy, OTHER, 9_000);
  copy.restore(json, -5e6);
  for (const target of [OPUS, HAIKU, SONNET, OTHER]) {
    assert.deepEqual(copy.speed(target, -5e6), speeds.speed(target, 100_000));
  }
  const means = copy.providerMeans('anthropic', -5e6);
  assert.deepEqual(means, speeds.providerMeans('anthropic', 100_000));
  copy.restore('nonsense', 0);
  assert.equal(copy.speed(OPUS, 0).samples, 0);
});

test('targets beyond the limit are forgotten, the one unused for longest first', () => {
  const speeds = new Speeds();
  record(speeds, OPUS, 3_000);
  for (let index = 0; index < 5_000; index++) {
    record(speeds, { ...OTHER, upstreamModel: `model-${index}` }, 1_000);
  }
  assert.equal(speeds.speed(OPUS, 0).samples, 0);
  assert.equal(speeds.speed({ ...OTHER, upstreamModel: 'model-0' }, 0).samples, 1);
});
