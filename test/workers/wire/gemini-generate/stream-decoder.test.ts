import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../../config/limits.ts';
import { NO_USAGE } from '../../../../schemas/usage.ts';
import { geminiGenerate } from '../../../../workers/wire/gemini-generate.ts';
import {
  decodeStream,
  frames,
  geminiContext,
  lastChunk,
  partsChunk,
  sliced,
} from '../../support/gemini-answers.ts';
import { CACHED_PROMPT } from '../../support/prompt.ts';

const TEXT = partsChunk([{ text: 'häll' }, { text: 'o 😀' }]);
const STOP = lastChunk('STOP');
const WHOLE = frames(TEXT, STOP);
const ERROR = {
  error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' },
};

describe('the framing of a stream', () => {
  const spellings: [string, string][] = [
    ['CRLF', WHOLE],
    ['LF', WHOLE.replaceAll('\r\n', '\n')],
    ['CR', WHOLE.replaceAll('\r\n', '\r')],
    ['a byte order mark', `\ufeff${WHOLE}`],
    [
      'comments, names and ids',
      `: hi\n\n${WHOLE.replaceAll('data:', 'event: message\nid: 1\ndata:')}`,
    ],
    ['no space after the colon', WHOLE.replaceAll('data: ', 'data:')],
    ['several data lines', WHOLE.replaceAll('{"candidates":', '{\r\ndata: "candidates":')],
    ['[DONE] at its end', `${WHOLE}data: [DONE]\n\n`],
    ['no blank line at its end', WHOLE.trimEnd()],
    ['an array as data', `data: [${JSON.stringify(TEXT)},${JSON.stringify(STOP)}]\n\n`],
    ['raw JSON instead of events', JSON.stringify([TEXT, STOP], null, 2)],
  ];
  for (const [name, text] of spellings) {
    it(`may have ${name}`, () => {
      const bytes = Buffer.from(text);
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 30 }), (cuts) => {
          const { words, isComplete, error } = decodeStream(sliced(bytes, cuts));
          assert.equal(words, 'hällo 😀');
          assert.equal(isComplete, true);
          assert.equal(error, null);
        }),
        { numRuns: 40 },
      );
    });
  }

  it('ends with the stream, not with a finishReason', () => {
    const decoder = geminiGenerate.createStreamDecoder(geminiContext());
    const first = decoder.push(Buffer.from(WHOLE));
    assert.deepEqual([first.hasContent, decoder.isComplete], [true, false]);
    const last = decoder.finish();
    assert.deepEqual([last.isBoundary, decoder.isComplete], [true, true]);
    assert.equal(decoder.finish().bytes.length, 0);
    assert.equal(decoder.push(Buffer.from(WHOLE)).bytes.length, 0);
  });

  it('sends nothing before the first content', () => {
    const decoder = geminiGenerate.createStreamDecoder(geminiContext());
    const empty = decoder.push(Buffer.from(frames({ usageMetadata: { trafficType: 'X' } })));
    assert.deepEqual([empty.bytes.length, empty.hasContent], [0, false]);
    const text = decoder.push(Buffer.from(frames(TEXT)));
    assert.match(Buffer.from(text.bytes).toString(), /^event: message_start/);
  });
});

describe('unknown fields, parts and values', () => {
  it('change nothing', () => {
    const odd = {
      newField: [1],
      candidates: [
        7,
        null,
        {
          index: 0,
          newer: true,
          content: {
            role: 'assistant',
            parts: [null, 3, { brandNew: {} }, { text: 'a', extra: 1 }, { text: 5 }],
          },
        },
      ],
      usageMetadata: 'none',
      promptFeedback: null,
    };
    const { words, error } = decodeStream(frames(odd, { candidates: 'x' }, {}, STOP));
    assert.equal(words, 'a');
    assert.equal(error, null);
  });
});

describe('a broken stream', () => {
  it('that ends without finishReason is no answer', () => {
    const { error, isComplete, words, summary } = decodeStream(frames(TEXT));
    assert.deepEqual([error?.type, error?.status, error?.isFailover], ['api_error', 502, true]);
    assert.match(error?.message ?? '', /closed the stream/);
    assert.equal(isComplete, false);
    assert.equal(words, 'hällo 😀');
    assert.equal(summary.estimated, true);
    assert.equal(summary.usage.inputTokens, 1234);
    assert.ok(summary.usage.outputTokens > 0);
  });

  it('whose prompt is cached is expected to have read it', () => {
    const { usage } = decodeStream(frames(TEXT), { expectedPrompt: CACHED_PROMPT }).summary;
    const { outputTokens } = usage;
    assert.deepEqual(usage, { ...NO_USAGE, ...CACHED_PROMPT, outputTokens });
  });

  it('that is cut inside its last event is no answer', () => {
    const { error } = decodeStream(WHOLE.slice(0, -20));
    assert.match(error?.message ?? '', /closed the stream/);
  });

  it('that ends without finishReason runs no call by half', () => {
    const begun = partsChunk([{ functionCall: { name: 'f', willContinue: true } }]);
    const { states, text } = decodeStream(frames(begun));
    assert.equal(states.size, 0);
    assert.equal(text, '');
  });

  const endings: [string, string][] = [
    ['an event with an error', `data: ${JSON.stringify(ERROR)}\r\n\r\n`],
    ['a raw JSON error', `${JSON.stringify(ERROR, null, 2)}\n`],
    [
      'a raw JSON error with CRLF',
      `${JSON.stringify(ERROR, null, 2).replaceAll('\n', '\r\n')}\r\n\r\n`,
    ],
    ['a raw JSON error in an array', `[${JSON.stringify(ERROR, null, 2)}\n]\n`],
    ['an event with an error in an array', `data: [${JSON.stringify(ERROR)}]\n\n`],
  ];
  for (const [name, ending] of endings) {
    it(`maps ${name} after valid events, and shows what came before`, () => {
      const bytes = Buffer.from(frames(TEXT) + ending);
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 20 }), (cuts) => {
          const { error, words, isComplete } = decodeStream(sliced(bytes, cuts));
          assert.deepEqual([error?.type, error?.status], ['overloaded_error', 529]);
          assert.match(error?.message ?? '', /^\[vertex-gemini\] The model is overloaded\.$/);
          assert.equal(error?.upstreamStatus, null);
          assert.equal(words, 'hällo 😀');
          assert.equal(isComplete, false);
        }),
        { numRuns: 20 },
      );
    });
  }

  it('ends at an error: nothing follows', () => {
    const { words, error } = decodeStream(frames(TEXT, ERROR, TEXT, STOP));
    assert.equal(words, 'hällo 😀');
    assert.equal(error?.status, 529);
  });

  it('that failed before it began is not billed', () => {
    const { summary } = decodeStream(frames(ERROR));
    assert.equal(summary.estimated, false);
    assert.equal(summary.usage.inputTokens, 0);
  });

  const strange: [string, string, RegExp][] = [
    ['a web page', '<!DOCTYPE html>\n\n<html></html>', /web page/],
    ['an event that is not JSON', 'data: {"candidates"\n\n', /not JSON/],
    ['JSON that is broken', '{"candidates": [', /JSON that is broken/],
    ['nothing', '', /closed the stream/],
  ];
  for (const [name, text, message] of strange) {
    it(`may be ${name}`, () => {
      const { error, text: shown } = decodeStream(text);
      assert.match(error?.message ?? '', message);
      assert.equal(error?.isFailover, true);
      assert.equal(shown, '');
    });
  }

  it('may be JSON that is nested without end', () => {
    const nested = '['.repeat(100_000) + ']'.repeat(100_000);
    for (const json of [
      `{"error":${nested}}`,
      `{"functionCall":${nested}}`,
      `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":${nested}}}}]}}]}`,
      `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":"${nested}"}}]}}]}`,
    ]) {
      const { error } = decodeStream(`data: ${json}\n\n`);
      assert.equal(error?.status, 502);
    }
  });

  it('bounds an endless event', () => {
    const decoder = geminiGenerate.createStreamDecoder(geminiContext());
    const piece = Buffer.alloc(1_000_000, 'x');
    let pieces = 0;
    while (decoder.error === null && pieces < 100) {
      decoder.push(piece);
      pieces += 1;
    }
    assert.equal(pieces, Math.floor(LIMITS.sseEventBytesMax / piece.length) + 1);
    assert.match(decoder.error?.message ?? '', /too large/);
  });
});
