/** One group of tests per item of "OpenAI chat-completions as it really is", protocol reference §6. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_USAGE } from '../../../../schemas/usage.ts';
import { openaiChat } from '../../../../workers/wire/openai-chat.ts';
import {
  chatContext,
  decodeChunks,
  decodePieces,
  decodeStream,
  delta,
  framed,
  textOf,
} from '../../support/chat-decode.ts';
import { CACHED_PROMPT } from '../../support/prompt.ts';

const HELLO = framed([delta({ role: 'assistant' }), delta({ content: 'héllo' }, 'stop')]);
const USAGE = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };

function checkHello(text: string): void {
  for (const pieces of [
    [Buffer.from(text)],
    Array.from(Buffer.from(text), (byte) => Buffer.from([byte])),
  ]) {
    const { decoder, content, stopReason } = decodePieces(pieces);
    assert.equal(decoder.error, null);
    assert.equal(textOf(content, 'text'), 'héllo');
    assert.equal(stopReason, 'end_turn');
  }
}

describe('framing (§6.1)', () => {
  const FRAMINGS: readonly [string, string][] = [
    ['no space after data:', HELLO.replaceAll('data: ', 'data:')],
    ['CRLF', HELLO.replaceAll('\n', '\r\n')],
    ['CR', HELLO.replaceAll('\n', '\r')],
    ['a byte order mark', `\ufeff${HELLO}`],
    ['comments', `: OPENROUTER PROCESSING\n\n${HELLO.replace('data', ': wait\n\ndata')}`],
    ['event names, ids and retry times', HELLO.replaceAll('data', 'event: message\nid: 3\ndata')],
    ['several data lines of one chunk', HELLO.replaceAll('{"id"', '{\ndata: "id"')],
    ['[DONE]', `${HELLO}data: [DONE]\n\n`],
    ['[DONE] without its blank line', `${HELLO}data: [DONE]`],
    ['a last chunk without its blank line', HELLO.trimEnd()],
    ['chunks that only one line feed parts', HELLO.replaceAll('\n\n', '\n')],
    ['words that are no JSON', `data: ping\n\n${HELLO}`],
    ['lines of bare JSON', HELLO.replaceAll('data: ', '').replaceAll('\n\n', '\n')],
  ];
  for (const [name, text] of FRAMINGS) {
    it(`understands ${name}, whole and byte by byte`, () => checkHello(text));
  }

  it('maps Groq’s error event', () => {
    const error = {
      message: 'Failed to call a function. See failed_generation.',
      type: 'invalid_request_error',
      code: 'tool_use_failed',
      failed_generation: '<tool>{',
      status_code: 400,
    };
    const { decoder } = decodeStream(
      `${framed([delta({ role: 'assistant' })])}event: error\ndata: ${JSON.stringify({ error })}\n\n`,
    );
    // The model's failure, not the request's: trying again is right.
    assert.equal(decoder.error?.status, 502);
    assert.match(decoder.error?.message ?? '', /Failed to call a function/);
  });

  it('reads a raw JSON error after events, with and without its blank line', () => {
    for (const end of ['', '\n\n']) {
      const { decoder, content } = decodeStream(
        `${framed([delta({ content: 'a' })])}{"error":{"message":"over capacity","code":503}}${end}`,
      );
      assert.equal(decoder.error?.type, 'overloaded_error');
      assert.equal(textOf(content, 'text'), 'a');
    }
  });

  it('refuses a web page', () => {
    const { decoder } = decodeStream('<!DOCTYPE html>\n<html>\n\n<p>504</html>');
    assert.equal(decoder.error?.type, 'api_error');
    assert.match(decoder.error?.message ?? '', /web page/);
  });

  it('refuses a chunk that is broken JSON instead of losing it', () => {
    const { decoder } = decodeStream('data: {"choices":[{"delta":{"cont\n\n');
    assert.match(decoder.error?.message ?? '', /not JSON/);
  });

  it('refuses an event that never ends', () => {
    const decoder = openaiChat.createStreamDecoder(chatContext());
    const piece = Buffer.alloc(1_048_576, 0x78);
    for (let pieces = 0; pieces < 20 && decoder.error === null; pieces++) decoder.push(piece);
    assert.match(decoder.error?.message ?? '', /too large/);
    assert.equal(decoder.push(Buffer.from(HELLO)).bytes.length, 0);
  });
});

describe('usage (§6.2)', () => {
  it('comes in a chunk without choices', () => {
    const chunks = [delta({ content: 'a' }, 'stop'), { choices: [], usage: USAGE }];
    assert.equal(decodeChunks(chunks).summary.usage.outputTokens, 4);
  });

  it('rides on the last chunk, and null on the others', () => {
    const chunks = [
      { ...delta({ content: 'a' }), usage: null },
      { ...delta({}, 'stop'), usage: USAGE },
    ];
    const { summary } = decodeChunks(chunks);
    assert.equal(summary.estimated, false);
    assert.deepEqual(summary.raw, USAGE);
  });

  it('is in x_groq', () => {
    const { summary } = decodeChunks([
      { ...delta({ content: 'a' }, 'stop'), x_groq: { id: 'req', usage: USAGE } },
    ]);
    assert.equal(summary.usage.inputTokens, 10);
  });

  it('comes with a repeated finish (OpenRouter), cost included', () => {
    const usage = { ...USAGE, cost: 0.002, is_byok: false };
    const { summary, events } = decodeChunks([
      delta({ content: 'a' }),
      delta({ content: '' }, 'stop'),
      { ...delta({ content: '' }, 'stop'), usage },
    ]);
    assert.deepEqual(summary.raw, usage);
    assert.equal(events.filter(({ event }) => event === 'message_stop').length, 1);
  });

  it('grows on every chunk (vLLM): the last one counts', () => {
    const { summary } = decodeChunks([
      { ...delta({ content: 'a' }), usage: { prompt_tokens: 10, completion_tokens: 1 } },
      { ...delta({ content: 'b' }), usage: { prompt_tokens: 10, completion_tokens: 2 } },
      { ...delta({}, 'stop'), usage: USAGE },
    ]);
    assert.equal(summary.usage.outputTokens, 4);
  });

  it('of zero is zero and not missing', () => {
    const usage = { prompt_tokens: 10, completion_tokens: 0, total_tokens: 10 };
    const { summary } = decodeChunks([delta({ content: 'a' }, 'stop'), { choices: [], usage }]);
    assert.equal(summary.estimated, false);
    assert.equal(summary.usage.outputTokens, 0);
  });

  it('is an estimate when the answer broke off', () => {
    const early = { ...delta({ content: 'x'.repeat(72) }), usage: { completion_tokens: 1 } };
    const { summary } = decodeStream(framed([early]), chatContext({ inputTokensEstimate: 9 }));
    assert.equal(summary.estimated, true);
    assert.equal(summary.usage.outputTokens, 20);
    assert.equal(summary.usage.inputTokens, 9);
    const cached = chatContext({ expectedPrompt: CACHED_PROMPT });
    const { usage } = decodeStream(framed([early]), cached).summary;
    assert.deepEqual(usage, { ...NO_USAGE, ...CACHED_PROMPT, outputTokens: 20 });
  });
});

describe('roles (§6.3)', () => {
  it('say nothing, wherever they stand', () => {
    const { content } = decodeChunks([
      delta({ role: 'assistant', content: null }),
      delta({ role: 'assistant', content: 'a' }),
      delta({ content: 'b' }, 'stop'),
    ]);
    assert.equal(textOf(content, 'text'), 'ab');
  });
});

describe('finish reasons (§6.4)', () => {
  it('may be missing, null, empty and repeated before the last', () => {
    const { stopReason, content } = decodeChunks([
      { choices: [{ index: 0, delta: { content: 'a' } }] },
      delta({ content: 'b' }, null),
      delta({ content: 'c' }, ''),
      delta({}, 'length'),
      delta({}, 'length'),
    ]);
    assert.equal(stopReason, 'max_tokens');
    assert.equal(textOf(content, 'text'), 'abc');
  });

  it('stop with a call means that the call is to be run', () => {
    const call = { id: 'a', function: { name: 'Read', arguments: '{}' } };
    const { stopReason } = decodeChunks([delta({ tool_calls: [call] }), delta({}, 'stop')]);
    assert.equal(stopReason, 'tool_use');
  });

  it('tool_calls without any call ends the turn', () => {
    const { stopReason } = decodeChunks([delta({ content: 'a', tool_calls: [] }, 'tool_calls')]);
    assert.equal(stopReason, 'end_turn');
  });
});

describe('reasoning dialects (§6.6)', () => {
  const DIALECTS: readonly [string, object][] = [
    ['reasoning_content', { reasoning_content: 'hm', content: null }],
    ['reasoning', { reasoning: 'hm', content: '' }],
    ['reasoning beside a channel', { reasoning: 'hm', channel: 'analysis' }],
    ['both fields with the same words', { reasoning_content: 'hm', reasoning: 'hm' }],
    ['reasoning_details alone', { reasoning_details: [{ type: 'reasoning.text', text: 'hm' }] }],
    [
      'a content array',
      { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] },
    ],
    ['a content array with plain text', { content: [{ type: 'thinking', thinking: 'hm' }] }],
    ['think tags', { content: '<think>hm</think>\n\n' }],
  ];
  for (const [name, fields] of DIALECTS) {
    it(`reads ${name}`, () => {
      const { content } = decodeChunks([delta(fields), delta({ content: 'Yes.' }, 'stop')]);
      assert.equal(textOf(content, 'thinking'), 'hm');
      assert.equal(textOf(content, 'text'), 'Yes.');
    });
  }

  it('leaves think tags alone that do not begin the text', () => {
    const { content } = decodeChunks([delta({ content: 'Use <think>x</think>.' }, 'stop')]);
    assert.equal(textOf(content, 'text'), 'Use <think>x</think>.');
    assert.equal(textOf(content, 'thinking'), '');
  });
});

describe('content shapes (§6.7)', () => {
  it('reads arrays of text in order with reasoning between, and drops unknown parts', () => {
    const parts = [
      { type: 'text', text: 'a' },
      { type: 'reference', reference_ids: [1] },
      { type: 'thinking', thinking: 'hm' },
      { type: 'text', text: 'b' },
      null,
      7,
    ];
    const { content } = decodeChunks([delta({ content: parts }, 'stop')]);
    assert.deepEqual(
      content.map(({ text, thinking }) => text ?? thinking),
      ['a', 'hm', 'b'],
    );
  });

  it('is nothing where fields have types of their own', () => {
    const odd = [
      { choices: [{ index: 0, delta: null }] },
      { choices: [{ index: 0, delta: { content: 5, tool_calls: 'x', reasoning: {} } }] },
      { choices: 'none', model: 4 },
      { choices: [null, 3] },
    ];
    const { decoder, content } = decodeChunks([...odd, delta({ content: 'a' }, 'stop')]);
    assert.equal(decoder.error, null);
    assert.equal(textOf(content, 'text'), 'a');
  });
});
