/** Several tool calls at once, and text around them, protocol reference §6.5. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { callDelta, decodeChunks, decodeStream, delta, framed } from '../../support/chat-decode.ts';

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

describe('parallel calls', () => {
  it('that are interleaved come one after another, in the order of their index', () => {
    const chunks = [
      callDelta(piece(0, 'a', 'X', '{"n":')),
      callDelta(piece(2, 'c', 'Z', '{"n":')),
      callDelta(piece(1, 'b', 'Y', '{"n":')),
      callDelta(piece(2, '', '', '3}'), piece(0, '', '', '1}')),
      callDelta(piece(1, '', '', '2}')),
    ];
    assert.deepEqual(callsOf(chunks), [
      ['a', 'X', { n: 1 }],
      ['b', 'Y', { n: 2 }],
      ['c', 'Z', { n: 3 }],
    ]);
  });

  it('flow at once when the one before lacks nothing', () => {
    const { events } = decodeStream(
      framed([callDelta(piece(0, 'a', 'X', '{}')), callDelta(piece(1, 'b', 'Y', '{"n"'))]),
    );
    assert.match(events.at(-1)?.data ?? '', /input_json_delta/);
  });

  it('come whole however their pieces are mixed', () => {
    const inputs = fc.array(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(inputs, fc.array(fc.nat(), { maxLength: 30 }), (wanted, order) => {
        const left = wanted.map((input) => JSON.stringify(input));
        const chunks = wanted.map((_, index) => callDelta(piece(index, `id_${index}`, 'X', '')));
        for (const choice of order) {
          const index = choice % left.length;
          const text = left[index] ?? '';
          const size = 1 + (choice % 5);
          chunks.push(callDelta(piece(index, '', '', text.slice(0, size))));
          left[index] = text.slice(size);
        }
        for (const [index, text] of left.entries())
          chunks.push(callDelta(piece(index, '', '', text)));
        const expected = wanted.map((input, index) => [
          `id_${index}`,
          'X',
          JSON.parse(JSON.stringify(input)),
        ]);
        assert.deepEqual(callsOf(chunks), expected);
      }),
      { numRuns: 150 },
    );
  });
});

describe('text around calls', () => {
  it('in the middle of a call waits for its end; after a whole call it does not', () => {
    const { content, events } = decodeChunks([
      callDelta(piece(0, 'a', 'X', '{"n":')),
      delta({ content: 'Meanwhile.' }),
      callDelta(piece(0, '', '', '1}')),
      delta({ content: ' \n' }),
      STOP,
    ]);
    assert.deepEqual(
      content.map(({ type, text, input }) => [type, text ?? input]),
      [
        ['tool_use', { n: 1 }],
        ['text', 'Meanwhile.'],
      ],
    );
    assert.equal(events.at(-1)?.event, 'message_stop');
    const after = decodeStream(
      framed([callDelta(piece(0, 'a', 'X', '{}')), delta({ content: 'Done.' })]),
    );
    assert.deepEqual(after.content.at(-1), { type: 'text', text: 'Done.' });
  });

  it('legacy function_call is a call', () => {
    const chunks = [
      delta({ function_call: { name: 'X', arguments: '' } }),
      delta({ function_call: { arguments: '{"n":1}' } }),
    ];
    assert.deepEqual(
      callsOf(chunks).map(([, name, input]) => [name, input]),
      [['X', { n: 1 }]],
    );
  });
});
