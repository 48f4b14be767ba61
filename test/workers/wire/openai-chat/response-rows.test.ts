/** One test per row of the response table in protocol reference §7.2: what an answer holds. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openSignature } from '../../../../workers/translation/signature.ts';
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

const CALL = {
  index: 0,
  id: 'call_a',
  type: 'function',
  function: { name: 'Read', arguments: '' },
};
const INPUT = { index: 0, function: { arguments: '{"path":"a"}' } };

describe('the first chunk', () => {
  it('starts the message at once: own id, the client’s model, the estimated input, then a ping', () => {
    const decoded = decodeStream(
      framed([{ choices: [], prompt_filter_results: [] }]),
      chatContext({ inputTokensEstimate: 1_234 }),
    );
    const [first, second] = decoded.events;
    const { message } = JSON.parse(first?.data ?? '');
    assert.match(message.id, /^msg_[\da-f]{24}$/);
    assert.equal(message.model, 'claude-opus-5-5');
    assert.equal(message.usage.input_tokens, 1_234);
    assert.equal(second?.event, 'ping');
    assert.equal(decoded.chunks[0]?.hasContent, false);
  });
});

describe('reasoning text', () => {
  it('becomes a thinking block that ends with a signature of the gateway', () => {
    const { content, events } = decodeChunks([
      delta({ reasoning_content: 'Let me ' }),
      delta({ reasoning_content: 'see.' }),
      delta({ content: 'Yes.' }, 'stop'),
    ]);
    assert.deepEqual(
      content.map(({ type }) => type),
      ['thinking', 'text'],
    );
    assert.equal(content[0]?.thinking, 'Let me see.');
    assert.deepEqual(openSignature(content[0]?.signature), {
      provider: 'openai-compatible',
      model: 'some/model',
      state: { reasoningText: 'Let me see.' },
    });
    const signature = events.findIndex(({ data }) => data.includes('signature_delta'));
    assert.equal(events[signature + 1]?.event, 'content_block_stop');
  });

  it('is a block without text when the client wants it omitted, and nothing when it wants none', () => {
    const chunks = [delta({ reasoning: 'secret' }), delta({ content: 'Yes.' }, 'stop')];
    const omitted = decodeChunks(chunks, chatContext({ thinkingDisplay: 'omitted' }));
    assert.equal(omitted.content[0]?.thinking, '');
    assert.deepEqual(openSignature(omitted.content[0]?.signature)?.state, {
      reasoningText: 'secret',
    });
    const none = decodeChunks(chunks, chatContext({ thinkingDisplay: 'none' }));
    assert.deepEqual(none.content, [{ type: 'text', text: 'Yes.' }]);
  });
});

describe('content', () => {
  it('opens its text block with the first text that is not empty', () => {
    const { events } = decodeChunks([
      delta({ role: 'assistant', content: '' }),
      delta({ content: null }),
      delta({ content: 'a' }, 'stop'),
    ]);
    assert.equal(events.filter(({ event }) => event === 'content_block_start').length, 1);
  });

  it('is dropped when only white space comes before tool calls', () => {
    const { content } = decodeChunks([
      delta({ content: '\n\n' }),
      callDelta({ ...CALL, function: { name: 'Read', arguments: '{}' } }),
      delta({}, 'tool_calls'),
    ]);
    assert.deepEqual(
      content.map(({ type }) => type),
      ['tool_use'],
    );
  });

  it('keeps its leading white space when text follows', () => {
    const { content } = decodeChunks([delta({ content: '\n\n' }), delta({ content: 'a' }, 'stop')]);
    assert.deepEqual(content, [{ type: 'text', text: '\n\na' }]);
  });
});

describe('tool calls', () => {
  it('close the open block, start empty and come in pieces, one block each', () => {
    const { content, events, stopReason } = decodeChunks([
      delta({ content: 'I read.' }),
      callDelta(CALL),
      callDelta(INPUT),
      callDelta({ index: 1, id: 'call_b', function: { name: 'Glob', arguments: '{"p":' } }),
      callDelta({ index: 1, function: { arguments: '"*"}' } }),
      delta({}, 'tool_calls'),
    ]);
    assert.deepEqual(content, [
      { type: 'text', text: 'I read.' },
      { type: 'tool_use', id: 'call_a', name: 'Read', input: { path: 'a' } },
      { type: 'tool_use', id: 'call_b', name: 'Glob', input: { p: '*' } },
    ]);
    assert.equal(stopReason, 'tool_use');
    const pieces = events.filter(({ data }) => data.includes('input_json_delta'));
    assert.equal(pieces.length, 3);
  });

  it('start their block with the first piece that names them', () => {
    const decoded = decodeStream(framed([callDelta(CALL)]));
    assert.equal(decoded.events.at(-1)?.event, 'content_block_start');
    assert.equal(decoded.chunks[0]?.hasContent, true);
  });

  it('get the client’s name of a tool that was respelled', () => {
    const context = chatContext({ toolNames: new Map([['Read', 'mcp__files__read.it']]) });
    const { content } = decodeChunks([callDelta(CALL), delta({}, 'tool_calls')], context);
    assert.equal(content[0]?.name, 'mcp__files__read.it');
  });
});

describe('final arguments that are no JSON', () => {
  const decodeInput = (input: string, finish = 'tool_calls') => {
    const pieces = Array.from(input, (character) =>
      callDelta({ index: 0, function: { arguments: character } }),
    );
    return decodeChunks([callDelta(CALL), ...pieces, delta({}, finish)]);
  };

  it('are mended: a comma too many, a closer missing', () => {
    assert.deepEqual(decodeInput('{"a":[1,2,],}').content[0]?.input, { a: [1, 2] });
    assert.deepEqual(decodeInput('{"a":[1,{"b":2').content[0]?.input, { a: [1, { b: 2 }] });
  });

  it('are passed on as delivered when they cannot be mended, and crash nothing', () => {
    const input = { index: 0, function: { arguments: "{'a':1}" } };
    const text = framed([callDelta(CALL), callDelta(input), delta({}, 'tool_calls')]);
    const decoder = openaiChat.createStreamDecoder(chatContext());
    const bytes = [decoder.push(Buffer.from(text)).bytes, decoder.finish().bytes];
    const pieces = parseEventStream(Buffer.concat(bytes))
      .map(({ data }) => JSON.parse(data).delta?.partial_json ?? '')
      .join('');
    assert.equal(pieces, "{'a':1}");
    assert.equal(decoder.isComplete, true);
  });
});

describe('a refusal', () => {
  it('becomes text and the stop reason refusal with its explanation', () => {
    const { content, stopReason, message } = decodeChunks([
      delta({ role: 'assistant', content: null, refusal: 'I cannot ' }),
      delta({ refusal: 'do that.' }),
      delta({}, 'stop'),
    ]);
    assert.deepEqual(content, [{ type: 'text', text: 'I cannot do that.' }]);
    assert.equal(stopReason, 'refusal');
    assert.deepEqual(message['stop_details'], {
      type: 'refusal',
      category: null,
      explanation: 'I cannot do that.',
    });
  });

  it('is what a content filter makes of an answer', () => {
    const { stopReason, message } = decodeChunks([delta({ content: 'Well' }, 'content_filter')]);
    assert.equal(stopReason, 'refusal');
    assert.deepEqual(message['stop_details'], {
      type: 'refusal',
      category: null,
      explanation: null,
    });
  });
});
