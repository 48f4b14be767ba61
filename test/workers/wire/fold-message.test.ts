import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BetaMessageStream } from '@anthropic-ai/sdk/lib/BetaMessageStream';
import { Stream } from '@anthropic-ai/sdk/streaming';
import fc from 'fast-check';
import { MessageFold } from '../../../workers/wire/fold-message.ts';
import { formatSseEvent } from '../../../workers/wire/sse-event.ts';
import { unfoldMessage } from '../../../workers/wire/unfold-message.ts';
import { missing, recordings } from '../support/recordings.ts';

const STREAMS = recordings(['anthropic', 'vertex-anthropic'], '.response.sse');
const MESSAGES = recordings(['anthropic', 'vertex-anthropic'], '.response.json').filter(
  ({ name, bytes }) =>
    (!name.includes('jsonl') && bytes.includes('"type":"message"')) ||
    bytes.includes('"type": "message"'),
);

function fold(bytes: Uint8Array): Record<string, unknown> {
  const messageFold = new MessageFold();
  messageFold.push(bytes);
  return JSON.parse(messageFold.finish().toString());
}

function block(start: object, deltas: readonly object[]): string {
  return [
    ['message_start', { message: { id: 'm', content: [], usage: { input_tokens: 3 } } }] as const,
    ['content_block_start', { index: 0, content_block: start }] as const,
    ...deltas.map((delta) => ['content_block_delta', { index: 0, delta }] as const),
    ['content_block_stop', { index: 0 }] as const,
    ['message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } }] as const,
    ['message_stop', {}] as const,
  ]
    .map(([type, fields]) => formatSseEvent(type, JSON.stringify({ type, ...fields })))
    .join('');
}

// The SDK's own accumulation. It copies a part of the usage only: the rest is compared apart.
async function sdkFold(bytes: Buffer): Promise<Record<string, unknown>> {
  const events = Stream.fromSSEResponse(
    new Response(new Uint8Array(bytes), { headers: { 'content-type': 'text/event-stream' } }),
    new AbortController(),
  );
  const message = await BetaMessageStream.fromReadableStream(
    events.toReadableStream(),
  ).finalMessage();
  return JSON.parse(JSON.stringify(message));
}

describe('folding recorded streams', { skip: missing(STREAMS) }, () => {
  for (const { name, bytes } of STREAMS) {
    it(`gives for ${name} the message that the SDK accumulates`, async () => {
      const { usage, ...mine } = fold(bytes);
      const { usage: sdkUsage, parsed_output: _, ...theirs } = await sdkFold(bytes);
      const withoutUndefined = JSON.parse(JSON.stringify(theirs));
      assert.deepEqual(
        { stop_details: null, ...mine },
        { stop_details: null, ...withoutUndefined },
      );
      assert.deepEqual({ ...(usage as object), ...(sdkUsage as object) }, usage);
    });
  }
});

describe('unfolding', { skip: missing(MESSAGES) }, () => {
  for (const { name, bytes } of MESSAGES) {
    it(`turns ${name} into a stream that folds to it, and that the SDK accepts`, async () => {
      const stream = unfoldMessage(bytes);
      const message = JSON.parse(bytes.toString());
      assert.deepEqual(fold(stream), message);
      const accumulated = await sdkFold(stream);
      assert.deepEqual(accumulated.content, message.content);
    });
  }

  it('refuses JSON that is no message', () => {
    assert.throws(() => unfoldMessage(Buffer.from('{"ok":true}')), {
      type: 'api_error',
      status: 502,
    });
    assert.throws(() => unfoldMessage(Buffer.from('{')), { type: 'api_error', status: 502 });
  });
});

describe('folding block by block', () => {
  const cases: [string, object, object[], object][] = [
    [
      'tool input',
      { type: 'tool_use', id: 't', name: 'n', input: {} },
      [
        { type: 'input_json_delta', partial_json: '' },
        { type: 'input_json_delta', partial_json: '{"a":' },
        { type: 'input_json_delta', partial_json: '[1,2]}' },
      ],
      { type: 'tool_use', id: 't', name: 'n', input: { a: [1, 2] } },
    ],
    [
      'a tool without arguments',
      { type: 'tool_use', id: 't', name: 'n', input: {} },
      [{ type: 'input_json_delta', partial_json: '' }],
      { type: 'tool_use', id: 't', name: 'n', input: {} },
    ],
    [
      'broken tool input',
      { type: 'tool_use', id: 't', name: 'n', input: {} },
      [{ type: 'input_json_delta', partial_json: '{"a":' }],
      { type: 'tool_use', id: 't', name: 'n', input: { _raw: '{"a":' } },
    ],
    [
      'citations',
      { type: 'text', text: '' },
      [
        { type: 'text_delta', text: 'a' },
        { type: 'citations_delta', citation: { n: 1 } },
        { type: 'citations_delta', citation: { n: 2 } },
      ],
      { type: 'text', text: 'a', citations: [{ n: 1 }, { n: 2 }] },
    ],
    [
      'thinking',
      { type: 'thinking', thinking: '', signature: '' },
      [
        { type: 'thinking_delta', thinking: 'x', estimated_tokens: 9 },
        { type: 'thinking_delta', thinking: 'y' },
        { type: 'signature_delta', signature: 's' },
      ],
      { type: 'thinking', thinking: 'xy', signature: 's' },
    ],
    [
      'redacted thinking',
      { type: 'redacted_thinking', data: 'd' },
      [],
      { type: 'redacted_thinking', data: 'd' },
    ],
    [
      'a compaction',
      { type: 'compaction', content: null },
      [{ type: 'compaction_delta', content: 'c', encrypted_content: 'e' }],
      { type: 'compaction', content: 'c', encrypted_content: 'e' },
    ],
    [
      'unknown deltas',
      { type: 'novel', words: 'a', list: [1] },
      [{ type: 'novel_delta', words: 'b', list: [2], level: 3 }],
      { type: 'novel', words: 'ab', list: [1, 2], level: 3 },
    ],
  ];
  for (const [name, start, deltas, expected] of cases) {
    it(`keeps ${name}`, () => {
      const message = fold(Buffer.from(block(start, deltas)));
      assert.deepEqual(message.content, [expected]);
      assert.deepEqual(message.usage, { input_tokens: 3, output_tokens: 2 });
      assert.equal(message.stop_reason, 'end_turn');
    });
  }

  it('keeps the spelling of numbers in tool inputs', () => {
    const input = '{"a":1.0,"b":-0,"c":12345678901234567890,"d":1e3}';
    const stream = block({ type: 'tool_use', id: 't', name: 'n', input: {} }, [
      { type: 'input_json_delta', partial_json: input },
    ]);
    const messageFold = new MessageFold();
    messageFold.push(Buffer.from(stream));
    const json = messageFold.finish();
    assert.ok(json.includes(`"input":${input}`), json.toString());
    assert.ok(unfoldMessage(json).includes(JSON.stringify(input)));
  });

  it('is the reverse of unfolding for any tool input and text', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (input, text) => {
        const message = {
          id: 'm',
          type: 'message',
          content: [
            { type: 'text', text },
            { type: 'tool_use', id: 't', name: 'n', input },
          ],
          stop_reason: 'tool_use',
          stop_sequence: null,
          usage: { input_tokens: 1, output_tokens: 2 },
        };
        const json = JSON.stringify(message);
        assert.deepEqual(fold(unfoldMessage(Buffer.from(json))), JSON.parse(json));
      }),
      { numRuns: 100 },
    );
  });

  it('refuses a stream without a message', () => {
    assert.throws(() => new MessageFold().finish(), { type: 'api_error', status: 502 });
  });
});
