/** Reasoning that travels back to its provider, protocol reference §5 and §7.6. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openSignature } from '../../../../workers/translation/signature.ts';
import {
  type Block,
  callDelta,
  chatContext,
  decodeChunks,
  decodePieces,
  delta,
} from '../../support/chat-decode.ts';
import { missing, recordings } from '../../support/recordings.ts';

const CONTEXT = { providerId: 'openrouter', upstreamModel: 'anthropic/claude-haiku-4.5' } as const;
const CALL = callDelta({ index: 0, id: 'call_a', function: { name: 'X', arguments: '{}' } });
const STOP = delta({}, 'tool_calls');
const THINKING = recordings(['openrouter'], '.response.sse').filter(({ name }) =>
  name.startsWith('stream-thinking'),
);

function stateOf(block: Block | undefined) {
  return openSignature(block?.signature)?.state;
}

function detail(fields: object, content = ''): object {
  return delta({ content, reasoning_details: [fields] });
}

describe('reasoning details', () => {
  const PIECES = [
    detail({ type: 'reasoning.text', text: 'Let ', format: 'anthropic-claude-v1', index: 0 }),
    detail({ type: 'reasoning.text', text: 'me.', format: 'anthropic-claude-v1', index: 0 }),
    detail({ type: 'reasoning.text', signature: 'sig', format: 'anthropic-claude-v1', index: 0 }),
  ];
  const MERGED = [
    {
      type: 'reasoning.text',
      text: 'Let me.',
      signature: 'sig',
      format: 'anthropic-claude-v1',
      index: 0,
    },
  ];

  it('are merged by their index, for the signature and for every call', () => {
    const context = chatContext(CONTEXT);
    const { content } = decodeChunks([...PIECES, CALL, STOP], context);
    assert.equal(content[0]?.thinking, 'Let me.');
    assert.deepEqual(stateOf(content[0]), { reasoningDetails: MERGED });
    assert.deepEqual(context.remembered.get('call_a'), {
      v: 1,
      provider: 'openrouter',
      model: 'anthropic/claude-haiku-4.5',
      upstreamId: 'call_a',
      thoughtSignature: null,
      reasoningDetails: MERGED,
      reasoningText: null,
    });
  });

  it('are remembered even when the client sees no thinking', () => {
    const context = chatContext({ ...CONTEXT, thinkingDisplay: 'none' });
    const { content } = decodeChunks([...PIECES, CALL, STOP], context);
    assert.deepEqual(
      content.map(({ type }) => type),
      ['tool_use'],
    );
    assert.deepEqual(context.remembered.get('call_a')?.reasoningDetails, MERGED);
  });

  it('that are encrypted make a block without text before the answer', () => {
    const encrypted = { type: 'reasoning.encrypted', data: 'AAAA', id: 'rs_1', index: 0 };
    const { content } = decodeChunks(
      [detail(encrypted), delta({ content: 'Yes.' }, 'stop')],
      chatContext(CONTEXT),
    );
    assert.deepEqual(
      content.map(({ type }) => type),
      ['thinking', 'text'],
    );
    assert.equal(content[0]?.thinking, '');
    assert.deepEqual(stateOf(content[0]), { reasoningDetails: [encrypted] });
  });

  it('of several types and ids stay apart under one index', () => {
    const text = { type: 'reasoning.text', text: 'hm', index: 0 };
    const first = { type: 'reasoning.encrypted', data: 'A', id: 'call_1', index: 0 };
    const second = { type: 'reasoning.encrypted', data: 'B', id: 'call_2', index: 0 };
    const context = chatContext(CONTEXT);
    decodeChunks([detail(text), detail(first), detail(second), CALL, STOP], context);
    assert.deepEqual(context.remembered.get('call_a')?.reasoningDetails, [text, first, second]);
  });

  it('that come with later text do not break it up, and are kept for the call', () => {
    const late = { type: 'reasoning.encrypted', data: 'A', index: 0 };
    const context = chatContext(CONTEXT);
    const { content } = decodeChunks(
      [delta({ content: 'One ' }), detail(late, 'two.'), delta({ content: ' Three.' }), CALL, STOP],
      context,
    );
    assert.deepEqual(
      content.map(({ type, text }) => [type, text]),
      [
        ['text', 'One two. Three.'],
        ['thinking', undefined],
        ['tool_use', undefined],
      ],
    );
    assert.deepEqual(stateOf(content[1]), { reasoningDetails: [late] });
    assert.deepEqual(context.remembered.get('call_a')?.reasoningDetails, [late]);
  });

  it('in two blocks are each carried once', () => {
    const first = { type: 'reasoning.text', text: 'a', index: 0 };
    const second = { type: 'reasoning.text', text: 'b', index: 1 };
    const { content } = decodeChunks(
      [detail(first), delta({ content: 'x' }), detail(second), delta({ content: 'y' }, 'stop')],
      chatContext(CONTEXT),
    );
    const blocks = content.filter(({ type }) => type === 'thinking');
    assert.deepEqual(blocks.map(stateOf), [
      { reasoningDetails: [first] },
      { reasoningDetails: [second] },
    ]);
  });

  it('beyond all measure are not carried, and the answer is', () => {
    const context = chatContext(CONTEXT);
    const pieces = Array.from({ length: 300 }, () =>
      detail({ type: 'reasoning.text', text: 'x'.repeat(1_000), index: 0 }),
    );
    const { content, decoder } = decodeChunks([...pieces, CALL, STOP], context);
    assert.equal(decoder.error, null);
    assert.equal(content[0]?.thinking?.length, 300_000);
    assert.deepEqual(stateOf(content[0]), {});
    assert.equal(context.remembered.size, 0);
  });

  it('of a recording come out whole', { skip: missing(THINKING) }, () => {
    for (const { bytes } of THINKING) {
      const { content } = decodePieces([bytes], chatContext(CONTEXT));
      const said = bytes.toString().matchAll(/"signature":"([^"]+)"/g);
      const details = stateOf(content[0])?.['reasoningDetails'];
      assert.ok(Array.isArray(details));
      assert.equal(details.length, 1);
      assert.equal(details[0].signature, [...said].at(-1)?.[1]);
      assert.equal(details[0].text, content[0]?.thinking);
    }
  });
});

describe('reasoning text', () => {
  it('is kept for the calls of its message where there are no details', () => {
    const context = chatContext();
    decodeChunks([delta({ reasoning_content: 'hm' }), CALL, STOP], context);
    const state = context.remembered.get('call_a');
    assert.equal(state?.reasoningText, 'hm');
    assert.equal(state?.reasoningDetails, null);
  });

  it('is remembered before the message ends', () => {
    let isRemembered = false;
    const context = chatContext({
      remember: () => {
        isRemembered = true;
      },
    });
    decodeChunks([delta({ reasoning: 'hm' }), CALL], context);
    assert.equal(isRemembered, true);
  });
});
