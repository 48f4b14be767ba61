import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../config/limits.ts';
import { roughTokens } from '../../../workers/token-count/rough-tokens.ts';
import { TextMeter } from '../../../workers/token-count/text-meter.ts';

/** A tokenizer that keeps what it was given; one token per word. */
class WordTokenizer {
  readonly slices: string[] = [];

  encode(text: string): readonly string[] {
    this.slices.push(text);
    return text.split(' ').filter((word) => word !== '');
  }
}

function meterOf(tokenizer: WordTokenizer, nowMs = () => 0): TextMeter {
  return new TextMeter(tokenizer, { factor: 2, deadlineMs: 10, nowMs });
}

test('tokens are multiplied, and a space before a number counts on its own', () => {
  const meter = meterOf(new WordTokenizer());
  assert.equal(meter.count('two words'), 4);
  assert.equal(meter.count('from 1 to 30'), 2 * (4 + 2));
  assert.equal(meter.count(''), 0);
});

test('a text is cut at spaces, into slices within the limit', () => {
  const tokenizer = new WordTokenizer();
  const text = 'word '.repeat(1_000).trim();
  assert.equal(meterOf(tokenizer).count(text), 2_000);
  assert.ok(tokenizer.slices.length >= 5);
  assert.ok(tokenizer.slices.every(({ length }) => length <= LIMITS.tokenSliceCharactersMax));
});

test('no slice is too long, none cuts a pair in two, and together they are the text', () => {
  const unit = fc.constantFrom('a', ' ', '😀', '7', '{"', '\n');
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 5_000, size: 'max' }), (text) => {
      const tokenizer = new WordTokenizer();
      meterOf(tokenizer).count(text);
      assert.equal(tokenizer.slices.join(''), text);
      for (const slice of tokenizer.slices) {
        assert.ok(slice.length <= LIMITS.tokenSliceCharactersMax);
        assert.ok(slice.isWellFormed());
      }
    }),
  );
});

test('when the time is up the rest is estimated, corrected by what was counted', () => {
  const tokenizer = new WordTokenizer();
  let calls = 0;
  const meter = meterOf(tokenizer, () => calls++ * 6);
  const text = 'word '.repeat(1_000);
  assert.equal(meter.isLate, false);
  const tokens = meter.count(text);
  assert.equal(meter.isLate, true);
  assert.equal(tokenizer.slices.length, 2);
  const read = tokenizer.slices.join('');
  const counted = 2 * read.trim().split(/ +/).length;
  const estimated = tokenizer.slices.reduce((sum, slice) => sum + roughTokens(slice), 0);
  const rest = roughTokens(text.slice(read.length));
  assert.equal(tokens, counted + rest * (counted / estimated));
  assert.equal(meter.count('two words'), roughTokens('two words') * (counted / estimated));
});

test('a text that had no time at all is estimated', () => {
  const meter = meterOf(new WordTokenizer(), () => 11);
  assert.equal(meter.count('two words'), roughTokens('two words'));
});
