import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { AnswerSummary } from '../../../../workers/wire.ts';
import {
  type Block,
  chatContext,
  decodePieces,
  decodeWhole,
  sliced,
  textOf,
} from '../../support/chat-decode.ts';
import { type ChatExpectation, expectationOf } from '../../support/chat-expectation.ts';
import { missing, recordings } from '../../support/recordings.ts';
import { assertSameSummary } from '../../support/same-summary.ts';

const FOLDERS = ['openai-compatible', 'openrouter', 'github-models'];
const STREAMS = recordings(FOLDERS, '.response.sse');
const ANSWERS = recordings(FOLDERS, '.response.json');
const WHOLE = ANSWERS.filter(({ bytes }) => bytes.includes('"choices"'));
const LINES = ANSWERS.filter(({ name }) => name.includes('ndjson'));
const STOP_REASONS: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
};

function callsOf(content: readonly Block[]): object[] {
  return content
    .filter(({ type }) => type === 'tool_use')
    .map(({ id, name, input }) => ({ id, name, input }));
}

function checkUsage(
  { usage, estimated, raw }: AnswerSummary,
  said: ChatExpectation['usage'],
): void {
  assert.equal(estimated, said === null);
  assert.deepEqual(raw, said);
  if (said === null) return;
  const count = (part: string, name: string): number =>
    Number((said[part] as Record<string, unknown> | undefined)?.[name] ?? 0);
  const prompt = Number(said['prompt_tokens']);
  const cached = count('prompt_tokens_details', 'cached_tokens');
  const written = count('prompt_tokens_details', 'cache_write_tokens');
  assert.equal(usage.cacheReadInputTokens, Math.min(cached, prompt));
  assert.equal(usage.cacheCreation5mInputTokens, written);
  assert.equal(usage.inputTokens, Math.max(0, prompt - cached - written));
  // xAI alone counts reasoning on top, and its total shows it.
  assert.equal(usage.outputTokens, Number(said['total_tokens']) - prompt);
  assert.equal(usage.reasoningOutputTokens, count('completion_tokens_details', 'reasoning_tokens'));
}

describe('decoding recorded streams', { skip: missing(STREAMS) }, () => {
  for (const { name, bytes } of STREAMS) {
    const said = expectationOf(bytes.toString());

    it(`finds in ${name} what the recording says`, () => {
      const { decoder, content, stopReason, summary, usage } = decodePieces([bytes]);
      assert.equal(decoder.error, null);
      assert.equal(decoder.isComplete, true);
      assert.equal(textOf(content, 'text'), said.text);
      assert.equal(textOf(content, 'thinking'), said.reasoning);
      assert.deepEqual(callsOf(content), said.calls);
      assert.equal(stopReason, STOP_REASONS[said.finishReason]);
      assert.equal(summary.stopReason, stopReason);
      assert.equal(summary.responseModel, said.model);
      checkUsage(summary, said.usage);
      assert.equal(usage['input_tokens'], summary.usage.inputTokens);
      assert.equal(usage['output_tokens'], summary.usage.outputTokens);
      assert.equal(usage['cache_read_input_tokens'], summary.usage.cacheReadInputTokens);
    });

    it(`gives the same for ${name} byte by byte, cut at random and with CRLF`, () => {
      const whole = decodePieces([bytes]);
      const same = (pieces: readonly Uint8Array[]): void => {
        const { content, stopReason, summary, decoder } = decodePieces(pieces);
        assert.equal(decoder.error, null);
        assert.deepEqual(content, whole.content);
        assert.equal(stopReason, whole.stopReason);
        assertSameSummary(summary, whole.summary);
      };
      same(Array.from(bytes, (byte) => Buffer.from([byte])));
      const carriageReturns = Buffer.from(bytes.toString().replaceAll('\n', '\r\n'));
      same([carriageReturns]);
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 40 }), (cuts) => {
          same(sliced(bytes, cuts));
          same(sliced(carriageReturns, cuts));
        }),
        { numRuns: 8 },
      );
    });

    it(`never ends ${name} well when it breaks off before its finish reason`, () => {
      const text = bytes.toString();
      const end = text.indexOf(`"finish_reason":"${said.finishReason}"`);
      fc.assert(
        fc.property(fc.nat(end), (cut) => {
          const { decoder } = decodePieces([bytes.subarray(0, cut)]);
          assert.equal(decoder.isComplete, false);
          assert.equal(decoder.error?.type, 'api_error');
        }),
        { numRuns: 20 },
      );
    });
  }
});

describe('decoding recorded whole answers', { skip: missing(WHOLE) }, () => {
  for (const { name, bytes } of WHOLE) {
    it(`finds in ${name} what the recording says`, () => {
      const said = expectationOf(bytes.toString());
      const { content, stopReason, summary, message } = decodeWhole(bytes.toString());
      assert.equal(textOf(content, 'text'), said.text);
      assert.equal(textOf(content, 'thinking'), said.reasoning);
      assert.deepEqual(callsOf(content), said.calls);
      assert.equal(stopReason, STOP_REASONS[said.finishReason]);
      assert.equal(message['model'], 'claude-opus-5-5');
      assert.equal(summary.responseModel, said.model);
      checkUsage(summary, said.usage);
    });
  }

  for (const { name, bytes } of STREAMS) {
    it(`folds the stream ${name} into the same message though no stream was asked for`, () => {
      const streamed = decodePieces([bytes], chatContext());
      const { content, stopReason, summary } = decodeWhole(bytes.toString());
      assert.deepEqual(content, streamed.content);
      assert.equal(stopReason, streamed.stopReason);
      assertSameSummary(summary, streamed.summary);
    });
  }
});

describe('decoding lines of native Ollama', { skip: missing(LINES) }, () => {
  for (const { name, bytes } of LINES) {
    it(`reads ${name} whole and as a stream`, () => {
      const lines = bytes
        .toString()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      const streamed = decodePieces([bytes]);
      const whole = decodeWhole(bytes.toString());
      for (const { content } of [streamed, whole]) {
        const said = (field: string): string =>
          lines.map(({ message }) => message[field] ?? '').join('');
        assert.equal(textOf(content, 'text'), said('content'));
        assert.equal(textOf(content, 'thinking'), said('thinking'));
        assert.deepEqual(
          content.filter(({ type }) => type === 'tool_use').map(({ input }) => input),
          lines
            .flatMap(({ message }) => message.tool_calls ?? [])
            .map((call) => call.function.arguments),
        );
      }
      assert.equal(streamed.stopReason, whole.stopReason);
      assertSameSummary(streamed.summary, whole.summary);
    });
  }
});
