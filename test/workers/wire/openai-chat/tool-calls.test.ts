/** Tool calls as servers really stream them, protocol reference §6.5. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openaiChat } from '../../../../workers/wire/openai-chat.ts';
import { parseEventStream } from '../../../support/event-parser.ts';
import {
  callDelta,
  chatContext,
  decodeChunks,
  decodeStream,
  delta,
  framed,
} from '../../support/chat-decode.ts';

const STOP = delta({}, 'tool_calls');

function piece(index: number | undefined, id: string | undefined, name?: string, input?: unknown) {
  return { index, id, function: { name, arguments: input } };
}

function callsOf(chunks: readonly object[]) {
  const { content, stopReason, decoder } = decodeChunks([...chunks, STOP]);
  assert.equal(decoder.error, null);
  assert.equal(stopReason, 'tool_use');
  return content.map(({ id, name, input }) => [id, name, input]);
}

describe('the index of a tool call', () => {
  it('is the place in the list where it is missing', () => {
    const first = callDelta(piece(undefined, 'a', 'X', '{"n":'), piece(undefined, 'b', 'Y', '{'));
    const second = callDelta(piece(undefined, undefined, undefined, '1}'), {
      function: { arguments: '}' },
    });
    assert.deepEqual(callsOf([first, second]), [
      ['a', 'X', { n: 1 }],
      ['b', 'Y', {}],
    ]);
  });

  it('may be missing on a continuation of the second call', () => {
    const chunks = [
      callDelta(piece(undefined, 'a', 'X', '{}')),
      callDelta(piece(undefined, 'b', 'Y', '{"n"')),
      callDelta(piece(undefined, undefined, undefined, ':1}')),
    ];
    assert.deepEqual(callsOf(chunks), [
      ['a', 'X', {}],
      ['b', 'Y', { n: 1 }],
    ]);
  });

  it('may count from one', () => {
    const chunks = [
      callDelta(piece(1, 'a', 'X', '')),
      callDelta(piece(1, undefined, undefined, '{"n":1}')),
    ];
    assert.deepEqual(callsOf(chunks), [['a', 'X', { n: 1 }]]);
  });

  it('may be 0 for every call: a new id begins a new one', () => {
    const chunks = [
      callDelta(piece(0, 'a', 'X', '{"n":1}')),
      callDelta(piece(0, 'b', 'X', '{"n":2}')),
      callDelta(piece(0, 'b', '', ' ')),
    ];
    assert.deepEqual(callsOf(chunks), [
      ['a', 'X', { n: 1 }],
      ['b', 'X', { n: 2 }],
    ]);
  });

  it('may differ for the same id: two calls then share the id, and one gets another', () => {
    const context = chatContext();
    const { content } = decodeChunks(
      [callDelta(piece(0, 'a', 'X', '{}'), piece(1, 'a', 'Y', '{}')), STOP],
      context,
    );
    assert.equal(content[0]?.id, 'a');
    assert.match(content[1]?.id ?? '', /^toolu_[\da-f]{24}$/);
    assert.equal(context.remembered.get(content[1]?.id ?? '')?.upstreamId, 'a');
  });
});

describe('the id of a tool call', () => {
  it('may be empty, missing or repeated on continuations', () => {
    for (const id of ['', undefined, 'a']) {
      const chunks = [callDelta(piece(0, 'a', 'X', '{"n":')), callDelta(piece(0, id, '', '1}'))];
      assert.deepEqual(callsOf(chunks), [['a', 'X', { n: 1 }]]);
    }
  });

  it('is made up where there is none', () => {
    const [call] = callsOf([callDelta(piece(0, undefined, 'X', '{}'))]);
    assert.match(String(call?.[0]), /^toolu_[\da-f]{24}$/);
  });

  it('may be new on every piece (vLLM once): a piece without a name goes on', () => {
    const chunks = [
      callDelta(piece(0, 'a', 'X', '{"n":')),
      callDelta(piece(0, 'b', undefined, '1')),
      callDelta(piece(0, 'c', undefined, '}')),
    ];
    assert.deepEqual(callsOf(chunks), [['a', 'X', { n: 1 }]]);
  });

  it('passes as it is where Anthropic would take it, else a fresh one stands for it', () => {
    const odd = ['functions.Bash:0', 'x'.repeat(65), 'a b', 'ü'];
    for (const id of odd) {
      const context = chatContext();
      const { content } = decodeChunks([callDelta(piece(0, id, 'X', '{}')), STOP], context);
      const shown = content[0]?.id ?? '';
      assert.match(shown, /^toolu_[\da-f]{24}$/);
      assert.deepEqual(context.remembered.get(shown), {
        v: 1,
        provider: 'openai-compatible',
        model: 'some/model',
        upstreamId: id,
        thoughtSignature: null,
        reasoningDetails: null,
        reasoningText: null,
      });
    }
    const context = chatContext();
    const fitting = 'call_A-b_9';
    const { content } = decodeChunks([callDelta(piece(0, fitting, 'X', '{}')), STOP], context);
    assert.equal(content[0]?.id, fitting);
    assert.equal(context.remembered.size, 0);
  });

  it('that comes after the call began is remembered', () => {
    const context = chatContext();
    const chunks = [callDelta(piece(0, '', 'X', '{')), callDelta(piece(0, 'late', '', '}')), STOP];
    const { content } = decodeChunks(chunks, context);
    assert.equal(content.length, 1);
    assert.equal(context.remembered.get(content[0]?.id ?? '')?.upstreamId, 'late');
  });
});

describe('the name of a tool call', () => {
  it('may be repeated on continuations', () => {
    const chunks = [callDelta(piece(0, 'a', 'X', '{"n":')), callDelta(piece(0, 'a', 'X', '1}'))];
    assert.deepEqual(callsOf(chunks), [['a', 'X', { n: 1 }]]);
    const without = [callDelta(piece(0, '', 'X', '{"n":')), callDelta(piece(0, '', 'X', '1}'))];
    assert.deepEqual(
      callsOf(without).map(([, name, input]) => [name, input]),
      [['X', { n: 1 }]],
    );
  });

  it('begins a second call without id when the first lacks nothing', () => {
    const chunks = [
      callDelta(piece(0, '', 'X', '{"n":1}')),
      callDelta(piece(0, '', 'X', '{"n":2}')),
    ];
    assert.deepEqual(
      callsOf(chunks).map(([, , input]) => input),
      [{ n: 1 }, { n: 2 }],
    );
  });

  it('may come after the id', () => {
    const chunks = [callDelta(piece(0, 'a')), callDelta(piece(0, '', 'X', '{}'))];
    assert.deepEqual(callsOf(chunks), [['a', 'X', {}]]);
  });

  it('that never comes makes no block, or one that the client answers', () => {
    const nothing = decodeChunks([callDelta(piece(0, 'a')), delta({}, 'stop')]);
    assert.deepEqual(nothing.content, []);
    assert.equal(nothing.stopReason, 'end_turn');
    assert.deepEqual(callsOf([callDelta(piece(0, 'a', undefined, '{"n":1}'))]), [
      ['a', 'unnamed_tool', { n: 1 }],
    ]);
  });
});

describe('the arguments of a tool call', () => {
  it('may be missing, null, empty or an empty object: the input is {}', () => {
    for (const input of [undefined, null, '', '{}', {}, 'null', '  ']) {
      assert.deepEqual(callsOf([callDelta(piece(0, 'a', 'X', input))]), [['a', 'X', {}]]);
    }
  });

  it('may be an object, whose numbers keep their digits', () => {
    const text =
      'data: {"choices":[{"delta":{"tool_calls":[{"function":{"name":"X","arguments":{"n":12345678901234567890,"f":1.0}}}]},"finish_reason":"stop"}]}\n\n';
    const { events, stopReason } = decodeStream(text);
    const input = events.find(({ data }) => data.includes('input_json_delta'))?.data ?? '';
    assert.equal(JSON.parse(input).delta.partial_json, '{"n":12345678901234567890,"f":1.0}');
    assert.equal(stopReason, 'tool_use');
  });

  it('may be sent again whole: what follows a whole object is not the input', () => {
    const chunks = [
      callDelta(piece(0, 'a', 'X', '{"n":1}')),
      callDelta(piece(0, 'a', 'X', '{"n":1}')),
    ];
    assert.deepEqual(callsOf(chunks), [['a', 'X', { n: 1 }]]);
  });

  it('that were cut by the length limit are not completed', () => {
    for (const input of ['{"content":"ha', '{"lines":["one"', '{"n":1,']) {
      const text = framed([callDelta(piece(0, 'a', 'Write', input)), delta({}, 'length')]);
      const decoder = openaiChat.createStreamDecoder(chatContext());
      const bytes = Buffer.concat([decoder.push(Buffer.from(text)).bytes, decoder.finish().bytes]);
      const deltas = parseEventStream(bytes).map(({ data }) => JSON.parse(data).delta ?? {});
      assert.equal(deltas.map(({ partial_json }) => partial_json ?? '').join(''), input);
      assert.equal(deltas.at(-2)?.stop_reason, 'max_tokens');
    }
  });

  it('are bounded', () => {
    const decoder = openaiChat.createStreamDecoder(chatContext());
    const more = Buffer.from(
      framed([callDelta(piece(0, 'a', 'X', `{"n":"${'x'.repeat(900_000)}`))]),
    );
    for (let pieces = 0; pieces < 30 && decoder.error === null; pieces++) decoder.push(more);
    assert.match(decoder.error?.message ?? '', /too large/);
  });
});
