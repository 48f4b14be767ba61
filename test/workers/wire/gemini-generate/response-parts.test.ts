/** Rows of protocol.md §7.4: parts that are shown; response-calls and response-ends have the others. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openSignature } from '../../../../workers/translation/signature.ts';
import { decodeStream, frames, lastChunk, partsChunk } from '../../support/gemini-answers.ts';

const STOP = lastChunk('STOP');
const CALL = { functionCall: { name: 'Bash', args: { command: 'ls' } }, thoughtSignature: 'U0lH' };

function stateOf(signature: string | undefined): unknown {
  return openSignature(signature)?.state;
}

describe('part thought:true → thinking block', () => {
  const thoughts = [
    partsChunk([{ text: 'Let me ', thought: true }]),
    partsChunk([{ text: 'see.', thought: true, thoughtSignature: 'VEhJTks=' }]),
    partsChunk([{ text: 'Done' }]),
    STOP,
  ];

  it('carries the signature of its own part in an envelope of the gateway', () => {
    const { content } = decodeStream(frames(...thoughts));
    assert.deepEqual(
      content.map(({ type }) => type),
      ['thinking', 'text'],
    );
    assert.equal(content[0]?.thinking, 'Let me see.');
    assert.deepEqual(openSignature(content[0]?.signature), {
      provider: 'vertex-gemini',
      model: 'gemini-3.1-pro-preview',
      state: { thoughtSignature: 'VEhJTks=' },
    });
  });

  it('is signed also where Gemini gave no signature', () => {
    const { content } = decodeStream(frames(partsChunk([{ text: 'Hm', thought: true }]), STOP));
    assert.deepEqual(stateOf(content[0]?.signature), {});
  });

  it('has no text when the client wants none, and is left out for one that did not ask', () => {
    const omitted = decodeStream(frames(...thoughts), { thinkingDisplay: 'omitted' });
    assert.equal(omitted.content[0]?.thinking, '');
    assert.deepEqual(stateOf(omitted.content[0]?.signature), { thoughtSignature: 'VEhJTks=' });
    const none = decodeStream(frames(...thoughts), { thinkingDisplay: 'none' });
    assert.deepEqual(none.content, [{ type: 'text', text: 'Done' }]);
  });

  it('begins anew after a thought that was signed', () => {
    const { content } = decodeStream(
      frames(
        partsChunk([{ text: 'one', thought: true, thoughtSignature: 'MQ==' }]),
        partsChunk([{ text: 'two', thought: true, thoughtSignature: 'Mg==' }]),
        partsChunk([{ text: 'x' }]),
        STOP,
      ),
    );
    assert.deepEqual(
      content.slice(0, 2).map(({ thinking, signature }) => [thinking, stateOf(signature)]),
      [
        ['one', { thoughtSignature: 'MQ==' }],
        ['two', { thoughtSignature: 'Mg==' }],
      ],
    );
  });

  it('takes the signature of the text that follows it', () => {
    const { content } = decodeStream(
      frames(
        partsChunk([
          { text: 'Hm', thought: true },
          { text: 'Yes', thoughtSignature: 'VFhU' },
        ]),
        STOP,
      ),
    );
    assert.deepEqual(
      content.map(({ type }) => type),
      ['thinking', 'text'],
    );
    assert.deepEqual(stateOf(content[0]?.signature), { thoughtSignature: 'VFhU' });
  });

  it('precedes a first text that is signed, also without thoughts', () => {
    const { content } = decodeStream(
      frames(partsChunk([{ text: 'OK', thoughtSignature: 'VFhU' }]), STOP),
    );
    assert.deepEqual(
      content.map(({ type }) => type),
      ['thinking', 'text'],
    );
    assert.deepEqual(stateOf(content[0]?.signature), { thoughtSignature: 'VFhU' });
    assert.equal(content[0]?.thinking, '');
  });

  it('never ends a message after text: Claude Code would have no result to show', () => {
    const { content } = decodeStream(
      frames(
        partsChunk([{ text: 'Hm', thought: true }]),
        partsChunk([{ text: 'OK' }]),
        partsChunk([{ text: '', thoughtSignature: 'TEFTVA==' }]),
        STOP,
      ),
    );
    assert.equal(content.at(-1)?.type, 'text');
  });

  it('carries a signature of text in the middle before the call that follows', () => {
    const { content } = decodeStream(
      frames(
        partsChunk([{ text: 'I will' }]),
        partsChunk([{ text: ' look', thoughtSignature: 'TUlE' }]),
        partsChunk([CALL]),
        STOP,
      ),
    );
    assert.deepEqual(
      content.map(({ type }) => type),
      ['text', 'thinking', 'tool_use'],
    );
    assert.deepEqual(stateOf(content[1]?.signature), { thoughtSignature: 'TUlE' });
  });
});

describe('text part → text block', () => {
  it('merges consecutive parts and skips empty ones', () => {
    const { content, isComplete, message } = decodeStream(
      frames(
        partsChunk([{ text: '' }]),
        partsChunk([{ text: 'Hel' }, { text: '' }, { text: 'lo' }]),
        partsChunk([{ text: ' 😀' }]),
        STOP,
      ),
    );
    assert.deepEqual(content, [{ type: 'text', text: 'Hello 😀' }]);
    assert.equal(isComplete, true);
    assert.equal(message['stop_reason'], 'end_turn');
    assert.equal(message['model'], 'claude-opus-5-5');
  });

  it('comes from the first of several candidates only', () => {
    const both = {
      candidates: [
        { index: 1, content: { parts: [{ text: 'no' }] }, finishReason: 'SAFETY' },
        { index: 0, content: { parts: [{ text: 'yes' }] }, finishReason: 'STOP' },
      ],
    };
    const { words, message } = decodeStream(frames(both));
    assert.equal(words, 'yes');
    assert.equal(message['stop_reason'], 'end_turn');
  });
});

describe('executableCode / result → text fenced block', () => {
  it('shows the program and what it printed', () => {
    const { words } = decodeStream(
      frames(
        partsChunk([{ executableCode: { language: 'PYTHON', code: 'print(1)' } }]),
        partsChunk([{ codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1\n' } }]),
        STOP,
      ),
    );
    assert.equal(words, '\n```python\nprint(1)\n```\n\n```\n1\n```\n');
  });

  it('fences text that has fences in it', () => {
    const { words } = decodeStream(
      frames(partsChunk([{ executableCode: { language: 'x y', code: '```' } }]), STOP),
    );
    assert.equal(words, '\n````\n```\n````\n');
  });
});

describe('inlineData image out → dropped', () => {
  it('leaves the text around it whole', () => {
    const image = { inlineData: { mimeType: 'image/png', data: 'AAAA' } };
    const { content } = decodeStream(
      frames(partsChunk([{ text: 'a' }, image, { text: 'b' }]), STOP),
    );
    assert.deepEqual(content, [{ type: 'text', text: 'ab' }]);
  });
});

describe('grounding/citations → text as it came', () => {
  it('does not break the answer', () => {
    const grounded = partsChunk([{ text: 'a' }], {
      groundingMetadata: { groundingChunks: [{ web: { uri: 'https://example.com', title: 't' } }] },
      citationMetadata: { citations: [{ uri: 'https://example.com' }] },
    });
    assert.equal(decodeStream(frames(grounded, STOP)).words, 'a');
  });
});
