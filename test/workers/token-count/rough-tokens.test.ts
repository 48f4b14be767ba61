import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Tokenizer } from 'ai-tokenizer';
import * as claude from 'ai-tokenizer/encoding/claude';
import fc from 'fast-check';
import { CLAUDE_COSTS } from '../../../workers/token-count/prompt-costs.ts';
import { roughTokens } from '../../../workers/token-count/rough-tokens.ts';
import { deviation } from './support/known-counts.ts';

const DEVIATION_PERCENT_MAX = 25;
const ROOT = new URL('../../../', import.meta.url);

function file(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

const TEXTS: Readonly<Record<string, string>> = {
  greeting: 'Hello! How can I help you today?',
  markdown: file('ARCHITECTURE.md'),
  code: file('ingress/exchange.ts'),
  'code of a test': file('test/architecture.test.ts'),
  JSON: file('package.json'),
  hashes: file('package-lock.json'),
  Chinese: '敏捷的棕色狐狸跳过了懒狗。请帮我写一个函数来计算令牌数量。'.repeat(5),
  Japanese: '素早い茶色の狐がのろまな犬を飛び越えた。関数を書いてください。'.repeat(5),
  Russian: 'Быстрая коричневая лиса перепрыгивает через ленивую собаку. '.repeat(5),
  emoji: '😀🚀✨👍🏽'.repeat(30),
  numbers: Array.from({ length: 200 }, (_, index) => index * 7_919).join(', '),
};

for (const [name, text] of Object.entries(TEXTS)) {
  test(`${name} is estimated within 25 % of the tokenizer`, (context) => {
    const truth = new Tokenizer(claude).encode(text, 'all').length * CLAUDE_COSTS.factor;
    const percent = deviation(roughTokens(text), truth);
    context.diagnostic(`${percent.toFixed(0)} %`);
    assert.ok(Math.abs(percent) <= DEVIATION_PERCENT_MAX, `${percent} %`);
  });
}

test('a long text costs samples only, and grows in proportion', () => {
  const text = TEXTS['code'] ?? '';
  const one = roughTokens(text);
  const startMs = performance.now();
  const many = roughTokens(text.repeat(3_000));
  assert.ok(performance.now() - startMs < 1_000);
  assert.ok(Math.abs(deviation(many, one * 3_000)) < 10, `${many} for ${one * 3_000}`);
});

test('every text has tokens, an empty one has none, and never many more than bytes', () => {
  assert.equal(roughTokens(''), 0);
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'binary' }), (text) => {
      const tokens = roughTokens(text);
      assert.ok(Number.isInteger(tokens) && tokens >= 1, `${tokens}`);
      assert.ok(tokens <= Buffer.byteLength(text) * 1.3 + 1, `${tokens}`);
    }),
  );
});
