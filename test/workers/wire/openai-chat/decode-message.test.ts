import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openSignature } from '../../../../workers/translation/signature.ts';
import { chatContext, decodeWhole } from '../../support/chat-decode.ts';

const USAGE = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };

function whole(message: object, finish_reason: string | null = 'stop'): object {
  const choices = [{ index: 0, message: { role: 'assistant', ...message }, finish_reason }];
  return { id: 'c', model: 'up-1', choices, usage: USAGE };
}

describe('decoding a whole answer', () => {
  it('gives reasoning, text and calls as blocks of one message', () => {
    const context = chatContext();
    const { content, stopReason, message, summary } = decodeWhole(
      whole(
        {
          reasoning_content: 'hm',
          content: 'I read.',
          tool_calls: [
            { id: 'a', type: 'function', function: { name: 'X', arguments: '{"n":1}' } },
            { id: 'b', type: 'function', function: { name: 'Y', arguments: '' } },
          ],
        },
        'tool_calls',
      ),
      context,
    );
    assert.deepEqual(
      content.map(({ type }) => type),
      ['thinking', 'text', 'tool_use', 'tool_use'],
    );
    assert.deepEqual(openSignature(content[0]?.signature)?.state, { reasoningText: 'hm' });
    assert.deepEqual(content[2]?.input, { n: 1 });
    assert.deepEqual(content[3]?.input, {});
    assert.equal(stopReason, 'tool_use');
    assert.equal(message['model'], 'claude-opus-5-5');
    assert.match(String(message['id']), /^msg_/);
    assert.equal(summary.responseModel, 'up-1');
    assert.equal(summary.usage.outputTokens, 4);
    assert.equal(context.remembered.get('b')?.reasoningText, 'hm');
  });

  it('keeps arguments that cannot be read under _raw', () => {
    const call = (input: string) => ({ id: 'a', function: { name: 'X', arguments: input } });
    for (const input of ["{'a':1}", 'not json', '{"a":"b']) {
      const { content } = decodeWhole(whole({ content: null, tool_calls: [call(input)] }));
      assert.deepEqual(content[0]?.input, { _raw: input });
    }
  });

  it('keeps the digits of numbers in arguments', () => {
    const call = { id: 'a', function: { name: 'X', arguments: '{"n":12345678901234567890}' } };
    const { message } = decodeWhole(whole({ tool_calls: [call] }));
    assert.equal(JSON.stringify(message).includes('12345678901234567'), true);
  });

  it('takes inline think tags, refusals and arrays like a stream does', () => {
    const thought = decodeWhole(whole({ content: '<think>hm</think>\nYes' }));
    assert.deepEqual(
      thought.content.map(({ type, text, thinking }) => [type, text ?? thinking]),
      [
        ['thinking', 'hm'],
        ['text', 'Yes'],
      ],
    );
    assert.equal(decodeWhole(whole({ content: null, refusal: 'No.' })).stopReason, 'refusal');
    const parts = [{ type: 'text', text: 'a' }];
    assert.deepEqual(decodeWhole(whole({ content: parts })).content, [{ type: 'text', text: 'a' }]);
  });

  it('needs no finish reason: the answer is whole', () => {
    assert.equal(decodeWhole(whole({ content: 'a' }, null)).stopReason, 'end_turn');
  });

  it('is not disturbed by the blank lines that OpenRouter sends while it waits', () => {
    const text = `\n\n         \n\n${JSON.stringify(whole({ content: 'a' }))}`;
    assert.deepEqual(decodeWhole(text).content, [{ type: 'text', text: 'a' }]);
  });

  it('reads a stream that came all the same', () => {
    const chunk = { choices: [{ index: 0, delta: { content: 'a' }, finish_reason: 'stop' }] };
    const text = `: wait\n\ndata: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`;
    assert.deepEqual(decodeWhole(text).content, [{ type: 'text', text: 'a' }]);
  });
});

describe('what is no answer', () => {
  const CASES: readonly [name: string, body: string, error: object][] = [
    [
      'an error in a 200',
      '{"error":{"message":"slow down","code":429}}',
      { type: 'rate_limit_error', status: 429, retryAfterMs: 30_000 },
    ],
    [
      'an error beside choices',
      '{"choices":[],"error":{"message":"boom","code":500}}',
      { type: 'api_error', status: 502 },
    ],
    [
      'an error inside the choice',
      '{"choices":[{"error":{"message":"boom","code":503},"finish_reason":"error"}]}',
      { type: 'overloaded_error', status: 529 },
    ],
    ['an error as text', '{"error":"model is loading"}', { type: 'api_error', status: 502 }],
    [
      'an error in an array',
      '[{"error":{"message":"no","code":402}}]',
      { type: 'billing_error', status: 402 },
    ],
    [
      'a refused key in a 200',
      '{"error":{"message":"Invalid","type":"authentication_error","code":"invalid_request_error"}}',
      { type: 'api_error', status: 502 },
    ],
    [
      'an overflow in a 200',
      '{"error":{"message":"This model\'s maximum context length is 100 tokens. However, you requested 200 tokens","code":400}}',
      { type: 'invalid_request_error', message: 'prompt is too long: 200 tokens > 100 maximum' },
    ],
    [
      'a web page',
      '<!DOCTYPE html><title>Login</title>',
      { type: 'api_error', status: 502, message: /web page/ },
    ],
    [
      'broken JSON',
      '{"choices":[{"mess',
      { type: 'api_error', status: 502, message: /broken JSON/ },
    ],
    ['other JSON', '{"ok":true}', { type: 'api_error', status: 502, message: /no message/ }],
    ['nothing', '', { type: 'api_error', status: 502 }],
    [
      'a stream that broke off',
      'data: {"choices":[{"delta":{"content":"a"}}]}\n\n',
      { type: 'api_error', message: /^upstream closed the stream/ },
    ],
  ];
  for (const [name, body, error] of CASES) {
    it(`is a clear error: ${name}`, () => {
      assert.throws(() => decodeWhole(body), error);
    });
  }
});
