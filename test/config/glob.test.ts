import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { matchesGlob } from '../../config/glob.ts';

test('* stands for any run of characters and ? for one', () => {
  for (const [pattern, text, expected] of [
    ['claude-*haiku*', 'claude-haiku-4-5', true],
    ['claude-*haiku*', 'claude-3-5-haiku-20241022', true],
    ['claude-*haiku*', 'claude-opus-4-5', false],
    ['Claude-*', 'claude-opus', true],
    ['gpt-?', 'gpt-5', true],
    ['gpt-?', 'gpt-5.1', false],
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['a.c', 'abc', false],
    ['*a*b', 'xxaxxbxxb', true],
  ] as const) {
    assert.equal(matchesGlob(pattern, text), expected, `${pattern} ${text}`);
  }
});

test('it agrees with the regular expression of the same meaning', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 12 });
  const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.'), maxLength: 8 });
  fc.assert(
    fc.property(patterns, texts, (pattern, text) => {
      const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.');
      assert.equal(matchesGlob(pattern, text), new RegExp(`^${source}$`).test(text));
    }),
    { numRuns: 2_000 },
  );
});

test('a pattern full of stars takes no time', () => {
  const startMs = performance.now();
  assert.equal(matchesGlob('*a'.repeat(100), `${'a'.repeat(199)}b`), false);
  assert.ok(performance.now() - startMs < 50);
});
