import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GatewayError } from '../../../../schemas/error.ts';
import type { ToolState } from '../../../../schemas/tool-state.ts';
import { geminiGenerate } from '../../../../workers/wire/gemini-generate.ts';
import { geminiContext, lastChunk, partsChunk } from '../../support/gemini-answers.ts';

function decode(body: string | object, states = new Map<string, ToolState>()) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const { bytes, summary } = geminiGenerate.decodeMessage(Buffer.from(text), geminiContext(states));
  return { message: JSON.parse(Buffer.from(bytes).toString()), summary };
}

describe('a whole answer', () => {
  it('becomes a message with blocks, stop reason and usage', () => {
    const states = new Map<string, ToolState>();
    const call = { functionCall: { name: 'Bash', args: { n: 1 } }, thoughtSignature: 'U0lH' };
    const parts = [{ text: 'Hm', thought: true }, { text: 'Look:' }, call];
    const usageMetadata = { promptTokenCount: 9, candidatesTokenCount: 3, thoughtsTokenCount: 2 };
    const { message, summary } = decode(
      { ...partsChunk(parts, { finishReason: 'STOP' }), usageMetadata, modelVersion: 'gemini-x' },
      states,
    );
    assert.equal(message.type, 'message');
    assert.equal(message.role, 'assistant');
    assert.match(message.id, /^msg_/);
    assert.equal(message.model, 'claude-opus-5-5');
    assert.deepEqual(
      message.content.map(({ type }: { type: string }) => type),
      ['thinking', 'text', 'tool_use'],
    );
    assert.match(message.content[0].signature, /^gw1\.vertex-gemini\./);
    assert.deepEqual(message.content[2].input, { n: 1 });
    assert.equal(states.get(message.content[2].id)?.thoughtSignature, 'U0lH');
    assert.equal(message.stop_reason, 'tool_use');
    assert.deepEqual([message.usage.input_tokens, message.usage.output_tokens], [9, 5]);
    assert.equal(summary.responseModel, 'gemini-x');
    assert.deepEqual(summary.raw, usageMetadata);
  });

  it('may be the array of chunks that a stream without alt=sse is', () => {
    const { message } = decode([
      partsChunk([{ text: 'a' }]),
      partsChunk([{ text: 'b' }]),
      lastChunk('STOP'),
    ]);
    assert.deepEqual(message.content, [{ type: 'text', text: 'ab' }]);
  });

  it('of a blocked prompt is a refusal without content', () => {
    const { message } = decode({ promptFeedback: { blockReason: 'SAFETY' } });
    assert.deepEqual(message.content, []);
    assert.equal(message.stop_reason, 'refusal');
    assert.match(message.stop_details.explanation, /SAFETY/);
  });

  it('of countTokens is a token count', () => {
    assert.deepEqual(decode({ totalTokens: 31, totalBillableCharacters: 96 }).message, {
      input_tokens: 31,
    });
  });

  const quota = { error: { code: 429, message: 'no', status: 'RESOURCE_EXHAUSTED' } };
  const bad: [string, string | object, number, string, RegExp][] = [
    ['broken JSON', '{"candidates', 502, 'api_error', /broken JSON/],
    ['a web page', '<html>', 502, 'api_error', /broken JSON/],
    ['a text', '"hello"', 502, 'api_error', /broken JSON/],
    ['JSON that is no message', { hello: 1 }, 502, 'api_error', /no message/],
    ['an empty array', [], 502, 'api_error', /no message/],
    ['an empty answer', lastChunk('STOP'), 502, 'api_error', /answered with nothing/],
    ['a malformed call', lastChunk('MALFORMED_FUNCTION_CALL'), 502, 'api_error', /MALFORMED/],
    ['an error with status 200', quota, 429, 'rate_limit_error', /no/],
    ['an error in an array', [quota], 429, 'rate_limit_error', /no/],
    [
      'an answer without an end',
      partsChunk([{ text: 'a' }]),
      502,
      'api_error',
      /before the answer/,
    ],
  ];
  for (const [name, body, status, type, message] of bad) {
    it(`is not ${name}`, () => {
      assert.throws(
        () => decode(body),
        (error) => {
          assert.ok(error instanceof GatewayError);
          assert.deepEqual([error.status, error.type], [status, type]);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }

  it('tells how long to wait when it is a rate limit', () => {
    assert.throws(
      () => decode(quota),
      (error) => error instanceof GatewayError && error.retryAfterMs === 30_000,
    );
  });
});
