/** Rows of protocol.md §7.4: how an answer ends, and its usage. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeStream, frames, lastChunk, partsChunk } from '../../support/gemini-answers.ts';

const STOP = lastChunk('STOP');
const CALL = { functionCall: { name: 'Bash', args: { command: 'ls' } }, thoughtSignature: 'U0lH' };

describe('the end of an answer', () => {
  const text = partsChunk([{ text: 'so far' }]);
  const call = partsChunk([CALL]);
  const rows: [string, readonly object[], string][] = [
    ['STOP → end_turn', [text, STOP], 'end_turn'],
    ['STOP with a call → tool_use', [text, call, STOP], 'tool_use'],
    [
      'STOP without text after thoughts → end_turn',
      [partsChunk([{ text: 'h', thought: true }]), STOP],
      'end_turn',
    ],
    ['MAX_TOKENS → max_tokens', [text, lastChunk('MAX_TOKENS')], 'max_tokens'],
    [
      'MAX_TOKENS spent on thoughts → max_tokens without content',
      [lastChunk('MAX_TOKENS')],
      'max_tokens',
    ],
    ['RECITATION with content → end_turn', [text, lastChunk('RECITATION')], 'end_turn'],
    ['RECITATION without content → refusal', [lastChunk('RECITATION')], 'refusal'],
    ['LANGUAGE with content → end_turn', [text, lastChunk('LANGUAGE')], 'end_turn'],
    ['OTHER without content → refusal', [lastChunk('OTHER')], 'refusal'],
    ['OTHER with a call → tool_use', [call, lastChunk('OTHER')], 'tool_use'],
    ['an unknown reason with content → end_turn', [text, lastChunk('BRAND_NEW')], 'end_turn'],
    ['an unknown reason without content → refusal', [lastChunk('BRAND_NEW')], 'refusal'],
    ['a later reason corrects an earlier one', [text, STOP, lastChunk('SAFETY')], 'refusal'],
  ];
  for (const [name, chunks, stopReason] of rows) {
    it(name, () => {
      const { message, summary, isComplete, error } = decodeStream(frames(...chunks));
      assert.equal(error, null);
      assert.equal(isComplete, true);
      assert.equal(message['stop_reason'], stopReason);
      assert.equal(summary.stopReason, stopReason);
    });
  }

  const refusals = [
    'SAFETY',
    'BLOCKLIST',
    'PROHIBITED_CONTENT',
    'SPII',
    'MODEL_ARMOR',
    'IMAGE_SAFETY',
    'IMAGE_PROHIBITED_CONTENT',
    'IMAGE_RECITATION',
    'IMAGE_OTHER',
  ];
  for (const reason of refusals) {
    it(`${reason} → refusal + explanation, with and without content`, () => {
      const words = { candidates: [{ finishReason: reason, finishMessage: 'not that' }] };
      for (const chunks of [[lastChunk(reason)], [text, words]]) {
        const { message } = decodeStream(frames(...chunks));
        const details = message['stop_details'] as { type: string; explanation: string };
        assert.equal(message['stop_reason'], 'refusal');
        assert.equal(details.type, 'refusal');
        assert.match(details.explanation, chunks.length === 1 ? new RegExp(reason) : /^not that$/);
      }
    });
  }

  for (const reason of ['SAFETY', 'OTHER', 'MODEL_ARMOR', 'JAILBREAK', 'SOMETHING_NEW']) {
    it(`promptFeedback.blockReason ${reason} → refusal`, () => {
      const blocked = { promptFeedback: { blockReason: reason, blockReasonMessage: 'no' } };
      const { message, content } = decodeStream(frames(blocked));
      assert.deepEqual(content, []);
      assert.equal(message['stop_reason'], 'refusal');
      assert.deepEqual(message['stop_details'], {
        type: 'refusal',
        category: null,
        explanation: 'no',
      });
    });
  }

  for (const reason of ['MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL', 'TOO_MANY_TOOL_CALLS']) {
    it(`${reason} → nothing shown and an error before content, an error after it`, () => {
      const before = decodeStream(frames(lastChunk(reason)));
      assert.equal(before.text, '');
      const after = decodeStream(frames(text, lastChunk(reason)));
      assert.equal(after.words, 'so far');
      assert.equal(after.isComplete, false);
      for (const { error } of [before, after]) {
        assert.deepEqual([error?.type, error?.status, error?.isFailover], ['api_error', 502, true]);
        assert.match(error?.message ?? '', new RegExp(reason));
      }
    });
  }

  it('empty content + STOP → nothing shown, and an error so that another attempt may follow', () => {
    const empties = [
      [STOP],
      [partsChunk([{ text: '' }]), STOP],
      [{ candidates: [{ content: {} }] }, STOP],
      [partsChunk([{ text: '', thoughtSignature: 'U0lH' }]), STOP],
    ];
    for (const chunks of empties) {
      const { text: shown, error, decoder } = decodeStream(frames(...chunks));
      assert.equal(shown, '');
      assert.equal(decoder.isComplete, false);
      assert.deepEqual([error?.type, error?.status, error?.isFailover], ['api_error', 502, true]);
      assert.match(error?.message ?? '', /answered with nothing/);
    }
  });
});

describe('usage', () => {
  it('is input = prompt − cached + toolUsePrompt, cache_read = cached, output = candidates + thoughts', () => {
    const usageMetadata = {
      promptTokenCount: 100,
      cachedContentTokenCount: 60,
      toolUsePromptTokenCount: 7,
      candidatesTokenCount: 20,
      thoughtsTokenCount: 5,
      totalTokenCount: 132,
    };
    const { summary, message } = decodeStream(
      frames(
        partsChunk([{ text: 'a' }]),
        lastChunk('STOP', { usageMetadata, modelVersion: 'm-1' }),
      ),
    );
    assert.equal(summary.estimated, false);
    assert.deepEqual(summary.raw, usageMetadata);
    assert.equal(summary.responseModel, 'm-1');
    assert.equal(summary.usage.inputTokens, 47);
    assert.equal(summary.usage.cacheReadInputTokens, 60);
    assert.equal(summary.usage.outputTokens, 25);
    assert.equal(summary.usage.reasoningOutputTokens, 5);
    const usage = message['usage'] as Record<string, unknown>;
    assert.equal(usage['input_tokens'], 47);
    assert.equal(usage['cache_read_input_tokens'], 60);
    assert.equal(usage['output_tokens'], 25);
    assert.deepEqual(usage['output_tokens_details'], { thinking_tokens: 5 });
  });

  it('takes the last of each field that is not null, and never sums', () => {
    const { summary } = decodeStream(
      frames(
        { usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 3, thoughtsTokenCount: 8 } },
        { ...partsChunk([{ text: 'a' }]), usageMetadata: { trafficType: 'ON_DEMAND' } },
        lastChunk('STOP', {
          usageMetadata: {
            promptTokenCount: 10,
            candidatesTokenCount: 5,
            thoughtsTokenCount: null,
          },
        }),
      ),
    );
    assert.equal(summary.usage.inputTokens, 10);
    assert.equal(summary.usage.outputTokens, 13);
    assert.equal(summary.raw?.['trafficType'], 'ON_DEMAND');
  });

  it('is an estimate when usageMetadata never came', () => {
    const { summary } = decodeStream(
      frames(partsChunk([{ text: 'x'.repeat(40) }], { finishReason: 'STOP' })),
    );
    assert.equal(summary.estimated, true);
    assert.equal(summary.raw, null);
    assert.equal(summary.usage.inputTokens, 1234);
    assert.equal(summary.usage.outputTokens, 10);
  });

  it('leaves nonsense out', () => {
    const usageMetadata = {
      promptTokenCount: 5,
      candidatesTokenCount: -1,
      thoughtsTokenCount: 1e99,
      cachedContentTokenCount: 50,
    };
    const { summary } = decodeStream(
      frames(partsChunk([{ text: 'a' }]), lastChunk('STOP', { usageMetadata })),
    );
    assert.equal(summary.usage.inputTokens, 0);
    assert.equal(summary.usage.cacheReadInputTokens, 5);
    assert.equal(summary.usage.outputTokens, 0);
  });
});
