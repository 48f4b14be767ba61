/** Rows of protocol.md §7.4: calls. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeStream, frames, lastChunk, partsChunk } from '../../support/gemini-answers.ts';

const STOP = lastChunk('STOP');
const CALL = { functionCall: { name: 'Bash', args: { command: 'ls' } }, thoughtSignature: 'U0lH' };

describe('functionCall → tool_use', () => {
  it('gets a fresh id and its arguments in one delta, and is remembered with its signature', () => {
    const call = { ...CALL, functionCall: { ...CALL.functionCall, id: 'call_77' } };
    const { content, states, text, message } = decodeStream(frames(partsChunk([call]), STOP));
    const { id = '', name, input } = content[0] ?? {};
    assert.match(id, /^toolu_[0-9a-f]{24}$/);
    assert.deepEqual([name, input], ['Bash', { command: 'ls' }]);
    assert.equal(text.split('input_json_delta').length, 2);
    assert.equal(message['stop_reason'], 'tool_use');
    assert.deepEqual(
      [...states],
      [
        [
          id,
          {
            v: 1,
            provider: 'vertex-gemini',
            model: 'gemini-3.1-pro-preview',
            upstreamId: 'call_77',
            thoughtSignature: 'U0lH',
            reasoningDetails: null,
            reasoningText: null,
          },
        ],
      ],
    );
  });

  it('invents no signature for the siblings of a signed call', () => {
    const { content, states } = decodeStream(
      frames(
        partsChunk([CALL, { functionCall: { name: 'Bash' } }]),
        partsChunk([{ functionCall: { name: 'Read', args: {} } }]),
        STOP,
      ),
    );
    assert.equal(new Set(content.map(({ id }) => id)).size, 3);
    assert.deepEqual(
      [...states.values()].map(({ thoughtSignature, upstreamId }) => [
        thoughtSignature,
        upstreamId,
      ]),
      [
        ['U0lH', null],
        [null, null],
        [null, null],
      ],
    );
    assert.deepEqual(
      content.map(({ input }) => input),
      [{ command: 'ls' }, {}, {}],
    );
  });

  it('has the name that the client knows', () => {
    const { content } = decodeStream(
      frames(partsChunk([{ functionCall: { name: 'mcp_a_b', args: {} } }]), STOP),
      { toolNames: new Map([['mcp_a_b', 'mcp/a:b']]) },
    );
    assert.equal(content[0]?.name, 'mcp/a:b');
  });

  it('keeps the spelling of numbers', () => {
    const raw =
      'data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":12345678901234567890,"b":1.0}}}]},"finishReason":"STOP"}]}\n\n';
    assert.match(decodeStream(raw).text, /\{\\"a\\":12345678901234567890,\\"b\\":1\.0\}/);
  });

  it('may stand between texts', () => {
    const { content } = decodeStream(
      frames(partsChunk([{ text: 'a' }, CALL, { text: 'b' }]), STOP),
    );
    assert.deepEqual(
      content.map(({ type }) => type),
      ['text', 'tool_use', 'text'],
    );
  });

  it('reads arguments that are a string of JSON', () => {
    const call = { functionCall: { name: 'f', args: '{"a":1}' } };
    assert.deepEqual(decodeStream(frames(partsChunk([call]), STOP)).content[0]?.input, { a: 1 });
  });

  it('is an error when it has no name or no arguments that can be read', () => {
    const deep = JSON.parse(`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`);
    for (const call of [
      { name: 'f', args: deep },
      { args: { a: 1 } },
      { name: 'f', args: [1] },
      { name: 'f', args: 'x' },
    ]) {
      const { error, text } = decodeStream(frames(partsChunk([{ functionCall: call }]), STOP));
      assert.equal(error?.status, 502);
      assert.equal(text, '');
    }
  });
});

describe('partialArgs → tool_use', () => {
  const begin = partsChunk([
    { functionCall: { name: 'f', willContinue: true }, thoughtSignature: 'U0lH' },
  ]);
  function piece(partial: object, call: object = { willContinue: true }): object {
    return partsChunk([{ functionCall: { partialArgs: [partial], ...call } }]);
  }
  const pieces = [
    begin,
    piece({ jsonPath: '$.a.b[0]', stringValue: 'x', willContinue: true }),
    piece({ jsonPath: '$.a.b[0]', stringValue: 'y' }),
    piece({ jsonPath: '$.a.b[1]', numberValue: 2.5 }),
    piece({ jsonPath: '$.c', boolValue: false }),
    piece({ jsonPath: '$.d', nullValue: 'NULL_VALUE' }),
  ];
  const input = { a: { b: ['xy', 2.5] }, c: false, d: null };

  it('is whole at the empty part that ends it', () => {
    const { content, states } = decodeStream(
      frames(...pieces, partsChunk([{ functionCall: {} }]), STOP),
    );
    assert.deepEqual(content[0]?.input, input);
    assert.equal([...states.values()][0]?.thoughtSignature, 'U0lH');
  });

  it('is whole at the end of the stream when that part never comes', () => {
    const { content, message } = decodeStream(frames(...pieces, STOP));
    assert.deepEqual(content[0]?.input, input);
    assert.equal(message['stop_reason'], 'tool_use');
  });

  it('is whole when text or another call follows', () => {
    const { content } = decodeStream(
      frames(...pieces, partsChunk([CALL]), ...pieces, partsChunk([{ text: 'ok' }]), STOP),
    );
    assert.deepEqual(
      content.map(({ type, input: given }) => given ?? type),
      [input, { command: 'ls' }, input, 'text'],
    );
  });

  it('is not run by half when the budget ends in it', () => {
    const { content, message, states } = decodeStream(frames(...pieces, lastChunk('MAX_TOKENS')));
    assert.deepEqual(content, []);
    assert.equal(states.size, 0);
    assert.equal(message['stop_reason'], 'max_tokens');
  });

  it('keeps the spelling of numbers', () => {
    const number = JSON.stringify(piece({ jsonPath: '$.n', numberValue: 7 })).replace('7', '1.50');
    const { text } = decodeStream(`${frames(begin)}data: ${number}\n\n${frames(STOP)}`);
    assert.match(text, /\{\\"n\\":1\.50\}/);
  });

  it('is an error when a piece fits nowhere', () => {
    const bad = piece({ jsonPath: '$.a.b.c', stringValue: 'x' });
    const { error, text } = decodeStream(frames(...pieces, bad, STOP));
    assert.match(error?.message ?? '', /function call that makes no sense/);
    assert.equal(text, '');
  });
});
