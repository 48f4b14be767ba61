import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../config/limits.ts';
import { Sessions } from '../../../router/state/sessions.ts';
import type { Target } from '../../../schemas/target.ts';

const OPUS: Target = { provider: 'anthropic', account: 'KEY', upstreamModel: 'opus' };
const HAIKU: Target = { ...OPUS, upstreamModel: 'haiku' };
const OTHER: Target = { provider: 'openrouter', account: 'KEY', upstreamModel: 'opus' };
const CACHED = { cachedTokens: 1_000, ttlMs: 300_000 };
const UNCACHED = { cachedTokens: 0, ttlMs: 0 };

function kept(sessions: Sessions, nowMs: number): readonly unknown[] {
  return JSON.parse(JSON.stringify([...sessions.parts(nowMs)]));
}

function copyOf(sessions: Sessions, nowMs: number, shiftMs = 0): Sessions {
  const copy = new Sessions();
  for (const part of kept(sessions, nowMs)) copy.add(part, nowMs + shiftMs);
  return copy;
}

test('homes come last used first and for as long as the provider holds the prompt', () => {
  const sessions = new Sessions();
  sessions.served('one', OPUS, { cachedTokens: 1_000, ttlMs: 3_600_000 }, 0);
  sessions.served('one', OTHER, { cachedTokens: 2_000, ttlMs: 300_000 }, 10_000);
  assert.deepEqual(sessions.homes('one', 20_000), [
    { ...OTHER, cachedTokens: 2_000, warmForMs: 290_000 },
    { ...OPUS, cachedTokens: 1_000, warmForMs: 3_580_000 },
  ]);
  assert.deepEqual(sessions.homes('two', 20_000), []);
  sessions.served('one', OPUS, CACHED, 20_000);
  assert.deepEqual(
    sessions.homes('one', 20_000).map(({ provider }) => provider),
    ['anthropic', 'openrouter'],
  );
  assert.deepEqual(sessions.homes('one', 320_000), []);
});

test('without a cache the last to serve stays a home for five minutes', () => {
  const sessions = new Sessions();
  sessions.served('one', OPUS, { cachedTokens: 500, ttlMs: 0 }, 0);
  const home = { ...OPUS, cachedTokens: 0, warmForMs: 0 };
  assert.deepEqual(sessions.homes('one', 299_999), [home]);
  assert.deepEqual(sessions.homes('one', 300_000), []);
});

test('a request without a cache leaves what an earlier one had cached there', () => {
  const sessions = new Sessions();
  sessions.served('one', OPUS, CACHED, 0);
  sessions.served('one', OPUS, UNCACHED, 200_000);
  assert.deepEqual(sessions.homes('one', 200_000), [
    { ...OPUS, cachedTokens: 1_000, warmForMs: 100_000 },
  ]);
  assert.deepEqual(sessions.homes('one', 300_000), [{ ...OPUS, cachedTokens: 0, warmForMs: 0 }]);
});

test('a conversation has four homes at most, and no time exceeds an hour', () => {
  const sessions = new Sessions();
  for (let index = 0; index < 6; index++) {
    const target = { ...OPUS, upstreamModel: `model-${index}` };
    sessions.served('one', target, { cachedTokens: 1, ttlMs: 1e12 }, 0);
  }
  const homes = sessions.homes('one', 0);
  assert.deepEqual(
    homes.map(({ upstreamModel }) => upstreamModel),
    ['model-5', 'model-4', 'model-3', 'model-2'],
  );
  assert.equal(homes[0]?.warmForMs, 3_600_000);
});

test('homes that are over make room for older ones that are not', () => {
  const sessions = new Sessions();
  sessions.served('one', OTHER, { cachedTokens: 1, ttlMs: 3_600_000 }, 0);
  for (let index = 0; index < 3; index++) {
    sessions.served('one', { ...OPUS, upstreamModel: `model-${index}` }, UNCACHED, 0);
  }
  sessions.served('one', HAIKU, UNCACHED, 300_000);
  assert.deepEqual(
    sessions.homes('one', 300_000).map(({ upstreamModel }) => upstreamModel),
    ['haiku', 'opus'],
  );
});

test('ten thousand conversations are known, the thousand used last are kept', () => {
  const sessions = new Sessions();
  for (let index = 0; index < 10_001; index++) sessions.served(`c${index}`, OPUS, CACHED, 0);
  assert.equal(sessions.homes('c0', 0).length, 0);
  assert.equal(sessions.homes('c1', 0).length, 1);
  sessions.served('c1', HAIKU, CACHED, 0);
  const parts = kept(sessions, 0);
  assert.equal(parts.length, LIMITS.conversationsKeptMax / LIMITS.conversationsPartMax);
  const { length } = JSON.stringify(parts);
  assert.ok(length < 45_000, `${length} bytes`);
  const copy = copyOf(sessions, 0);
  assert.equal(copy.homes('c1', 0).length, 2);
  assert.equal(copy.homes('c9002', 0).length, 1);
  assert.equal(copy.homes('c9001', 0).length, 0);
});

test('what was kept brings everything back on another clock and in the same order', () => {
  const sessions = new Sessions();
  sessions.served('one', OPUS, CACHED, 0);
  sessions.served('one', HAIKU, UNCACHED, 1_000);
  sessions.served('two', OTHER, CACHED, 2_000);
  sessions.served('old', OTHER, UNCACHED, -1e6);
  const copy = copyOf(sessions, 5_000, -1e7);
  for (const conversation of ['one', 'two', 'old']) {
    const expected = sessions.homes(conversation, 5_000);
    assert.deepEqual(copy.homes(conversation, 5_000 - 1e7), expected);
  }
  assert.deepEqual(kept(copy, 5_000 - 1e7), kept(sessions, 5_000));
});

test('a later visit that is known stays, an earlier one is replaced', () => {
  const writer = new Sessions();
  writer.served('one', OPUS, CACHED, 1_000);
  writer.served('two', OPUS, CACHED, 1_000);
  writer.served('three', OPUS, CACHED, 1_000);
  const reader = new Sessions();
  reader.served('one', OTHER, CACHED, 500);
  reader.served('two', OTHER, CACHED, 1_500);
  for (const part of kept(writer, 2_000)) reader.add(part, 2_000);
  const homeOf = (name: string) => reader.homes(name, 2_000).map(({ provider }) => provider);
  assert.deepEqual(
    [homeOf('one'), homeOf('two'), homeOf('three')],
    [['anthropic'], ['openrouter'], ['anthropic']],
  );
});

test('a visit between two parts is kept as one of their moment', () => {
  const sessions = new Sessions();
  const names = Array.from({ length: LIMITS.conversationsPartMax + 1 }, (_, index) => `c${index}`);
  for (const name of names) sessions.served(name, OPUS, CACHED, 0);
  const parts = sessions.parts(0);
  const first: unknown = parts.next().value;
  const hour = { cachedTokens: 5, ttlMs: LIMITS.conversationHomeMsMax };
  for (const name of names) sessions.served(name, HAIKU, hour, 700);
  const copy = new Sessions();
  for (const part of JSON.parse(JSON.stringify([first, ...parts]))) copy.add(part, 0);
  assert.deepEqual(
    names.map((name) => copy.homes(name, 0)[0]?.upstreamModel),
    names.map((_, index) => (index < LIMITS.conversationsPartMax ? 'opus' : 'haiku')),
  );
});

test('nonsense in what was kept is left out entry by entry', () => {
  const sessions = new Sessions();
  const targets = [['nobody', 'KEY', 'opus'], ['openrouter', 'KEY', 'opus'], 7];
  const good = [1, 10, 1_000, 1_000];
  const conversations = [
    ['partly', 0, [[0, 10, 1_000, 1_000], good, [9, 10, 1_000, 1_000]]],
    ['forever', 0, [[1, 10, 1e15, 1e15]]],
    ['none', 0, []],
    'x',
  ];
  for (const nonsense of [null, 7, [], { targets, conversations: 'x' }]) sessions.add(nonsense, 0);
  sessions.add({ targets, conversations }, 0);
  assert.deepEqual(sessions.homes('partly', 0), [{ ...OTHER, cachedTokens: 10, warmForMs: 1_000 }]);
  for (const each of ['forever', 'none']) assert.deepEqual(sessions.homes(each, 0), []);
});
