import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../../schemas/error.ts';
import {
  claudeCountAnswer,
  encodeCountAnswer,
  geminiCountAnswer,
} from '../../../workers/token-count/count-answer.ts';

const READERS = { geminiCountAnswer, claudeCountAnswer };

function read(reader: (body: Uint8Array) => Buffer, answer: unknown): unknown {
  return JSON.parse(reader(Buffer.from(JSON.stringify(answer))).toString());
}

test("Gemini's count becomes Anthropic's", () => {
  const answer = {
    totalTokens: 31,
    totalBillableCharacters: 96,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: 31 }],
  };
  assert.deepEqual(read(geminiCountAnswer, answer), { input_tokens: 31 });
});

test("Gemini's zero comes without a field", () => {
  assert.deepEqual(read(geminiCountAnswer, {}), { input_tokens: 0 });
  assert.throws(() => read(geminiCountAnswer, { candidates: [] }), /totalTokens/);
});

test("Vertex Claude's count keeps its number and nothing else", () => {
  const answer = { input_tokens: 43, context_management: { original_input_tokens: 50 } };
  assert.deepEqual(read(claudeCountAnswer, answer), { input_tokens: 43 });
  assert.deepEqual(JSON.parse(encodeCountAnswer(7).toString()), { input_tokens: 7 });
});

test('an answer without a count is a 502 that names the field', () => {
  for (const tokens of ['12', -1, 1.5, null, 1e300]) {
    assert.throws(
      () => read(claudeCountAnswer, { input_tokens: tokens }),
      (error) =>
        error instanceof GatewayError &&
        error.status === 502 &&
        error.message.startsWith('input_tokens'),
    );
    assert.throws(() => read(geminiCountAnswer, { totalTokens: tokens }), /^\w*Error: totalTokens/);
  }
  assert.throws(() => claudeCountAnswer(Buffer.from('<html>')), /no JSON object/);
});

test('whatever an upstream says becomes a count or a GatewayError', () => {
  const body = fc.oneof(fc.string(), fc.json());
  fc.assert(
    fc.property(body, fc.constantFrom(...Object.values(READERS)), (text, reader) => {
      try {
        const answer = JSON.parse(reader(Buffer.from(text)).toString());
        assert.ok(Number.isInteger(answer.input_tokens) && answer.input_tokens >= 0);
      } catch (error) {
        assert.ok(error instanceof GatewayError);
      }
    }),
  );
});
