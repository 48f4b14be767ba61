import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMessagesRequest } from '../../ingress/read-request.ts';
import {
  deviation,
  knownCounts,
  RECORDINGS_MISSING,
} from '../workers/token-count/support/known-counts.ts';

const DEVIATION_PERCENT_MAX = 25;
const PROSE =
  'The quick brown fox wrote "const x = 1;" on line 12, and nobody minded.\nThen it rested. ';

function estimate(body: Buffer): number {
  const options = { operation: 'count_tokens', header: () => undefined } as const;
  return readMessagesRequest(body, options).facts.inputTokensEstimate;
}

function estimateOf(request: object): number {
  return estimate(Buffer.from(JSON.stringify({ model: 'claude-opus-5-5', ...request })));
}

function prompt(content: unknown): object {
  return { messages: [{ role: 'user', content }] };
}

for (const [name, indent] of [
  ['as clients send them', 0],
  ['indented', 1],
] as const) {
  test(`recorded requests with a known count, ${name}, are estimated within 25 %`, {
    skip: RECORDINGS_MISSING,
  }, (context) => {
    const far: string[] = [];
    for (const { name, body, tokens } of knownCounts()) {
      const text = JSON.stringify(JSON.parse(body.toString()), null, indent);
      const percent = deviation(estimate(Buffer.from(text)), tokens);
      const line = `${name}: ${percent.toFixed(0)} %`;
      context.diagnostic(line);
      if (Math.abs(percent) > DEVIATION_PERCENT_MAX) far.push(line);
    }
    assert.deepEqual(far, []);
  });
}

test('a long prompt is estimated in proportion to a short one', () => {
  const one = estimateOf(prompt(PROSE.repeat(20)));
  const many = estimateOf(prompt(PROSE.repeat(20_000)));
  assert.ok(Math.abs(deviation(many, one * 1_000)) < 10, `${many} for ${one}`);
});

test('signatures and thinking of earlier turns count little', () => {
  const thinking = { type: 'thinking', thinking: PROSE.repeat(5), signature: 'QUJD'.repeat(200) };
  const turn = { role: 'assistant', content: [thinking, { type: 'text', text: 'Yes.' }] };
  const question = { role: 'user', content: 'Really?' };
  assert.ok(estimateOf({ messages: [question, turn, question] }) < 40);
});

test('an image in base64 does not count by its bytes, wherever the samples fall', () => {
  const source = { type: 'base64', media_type: 'image/png', data: 'QUJD'.repeat(1_000_000) };
  const tokens = estimateOf(
    prompt([
      { type: 'image', source },
      { type: 'text', text: 'What?' },
    ]),
  );
  assert.ok(tokens > 1_600 && tokens < 1_700, `${tokens}`);
});

test('escapes, other scripts and bytes of every kind count', () => {
  assert.ok(estimateOf(prompt('敏捷的棕色狐狸跳过了懒狗'.repeat(10))) > 100);
  assert.ok(estimateOf(prompt('\u0001"\\\n'.repeat(100))) > 200);
  assert.ok(estimateOf(prompt('')) >= 1);
});

test('a hostile prompt costs no more than any other', () => {
  const unclosed = '"signature": "thinking": "'.repeat(100_000);
  const body = Buffer.from(JSON.stringify({ model: 'm', ...prompt(unclosed) }));
  estimate(body);
  const startMs = performance.now();
  estimate(body);
  assert.ok(performance.now() - startMs < 1_000);
});
