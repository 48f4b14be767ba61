import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { geminiGenerate } from '../../../../workers/wire/gemini-generate.ts';
import {
  type DecodedBlock,
  decodeStream,
  geminiContext,
  sliced,
} from '../../support/gemini-answers.ts';
import { missing, type Recording, recordings } from '../../support/recordings.ts';
import { assertSameSummary } from '../../support/same-summary.ts';

const FOLDERS = ['vertex-gemini', 'gemini'];
const STREAMS = recordings(FOLDERS, '.response.sse');
const BODIES = recordings(FOLDERS, '.response.json');
const MESSAGES = BODIES.filter(({ bytes }) => bytes.includes('"candidates"'));
/** The target is 15 µs on a machine that does nothing else; tests share theirs. */
const CHUNK_MICROSECONDS_MAX = 60;
const WARM_UP_RUNS = 30;
const TIMED_RUNS = 60;

interface Part {
  readonly text?: string;
  readonly thought?: boolean;
  readonly functionCall?: {
    readonly name?: string;
    readonly args?: object;
    readonly partialArgs?: readonly Record<string, unknown>[];
    readonly willContinue?: boolean;
  };
  readonly executableCode?: { readonly code: string };
  readonly codeExecutionResult?: { readonly output: string };
}
interface Chunk {
  readonly candidates?: readonly {
    readonly content?: { readonly parts?: readonly Part[] };
    readonly finishReason?: string;
  }[];
  readonly usageMetadata?: Readonly<Record<string, unknown>>;
  readonly modelVersion?: string;
}

/** What a recording says, read in another way than the decoder's. */
function said(chunks: readonly Chunk[]) {
  const parts = chunks.flatMap(({ candidates }) => candidates?.[0]?.content?.parts ?? []);
  const usage: Record<string, unknown> = {};
  for (const { usageMetadata } of chunks) Object.assign(usage, usageMetadata);
  const count = (name: string): number => Number(usage[name] ?? 0);
  return {
    text: parts
      .filter(({ thought }) => thought !== true)
      .map(wordsOf)
      .join(''),
    thoughts: parts
      .filter(({ thought }) => thought === true)
      .map(({ text }) => text)
      .join(''),
    calls: callsOf(parts),
    finishReason: chunks.map(({ candidates }) => candidates?.[0]?.finishReason).findLast(Boolean),
    modelVersion: chunks.findLast(({ modelVersion }) => modelVersion)?.modelVersion ?? null,
    hasUsage: usage['promptTokenCount'] !== undefined,
    input:
      count('promptTokenCount') -
      count('cachedContentTokenCount') +
      count('toolUsePromptTokenCount'),
    cached: count('cachedContentTokenCount'),
    output: count('candidatesTokenCount') + count('thoughtsTokenCount'),
    thinking: count('thoughtsTokenCount'),
  };
}

function wordsOf({ text, executableCode, codeExecutionResult }: Part): string {
  if (executableCode) return `\n\`\`\`python\n${executableCode.code}\n\`\`\`\n`;
  if (codeExecutionResult) return `\n\`\`\`\n${codeExecutionResult.output}\`\`\`\n`;
  return text ?? '';
}

// Calls as paths and values: that is how partial arguments come.
function callsOf(parts: readonly Part[]): [string, Record<string, unknown>][] {
  const calls: [string, Record<string, unknown>][] = [];
  for (const { functionCall } of parts) {
    if (functionCall?.name) calls.push([functionCall.name, flat(functionCall.args ?? {})]);
    const values = calls.at(-1)?.[1];
    for (const piece of functionCall?.partialArgs ?? []) {
      const path = String(piece['jsonPath']);
      const value = piece['stringValue'] ?? piece['numberValue'] ?? piece['boolValue'] ?? null;
      if (values === undefined) throw new Error('a piece comes before its call');
      values[path] = typeof value === 'string' ? `${values[path] ?? ''}${value}` : value;
    }
  }
  return calls;
}

function flat(value: unknown, path = '$', into: Record<string, unknown> = {}) {
  if (typeof value !== 'object' || value === null) into[path] = value;
  else {
    for (const [key, child] of Object.entries(value)) {
      flat(child, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`, into);
    }
  }
  return into;
}

function chunksOf(bytes: Buffer): Chunk[] {
  return bytes
    .toString()
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => JSON.parse(line.slice(5)));
}

function expectedStop({ finishReason, calls }: ReturnType<typeof said>): string {
  if (finishReason === 'SAFETY' || finishReason === 'MODEL_ARMOR') return 'refusal';
  return calls.length > 0 ? 'tool_use' : 'end_turn';
}

function checkContent(content: readonly DecodedBlock[], expected: ReturnType<typeof said>): void {
  const joined = (field: 'text' | 'thinking') =>
    content.map((block) => block[field] ?? '').join('');
  assert.equal(joined('text'), expected.text);
  assert.equal(joined('thinking'), expected.thoughts);
  assert.deepEqual(
    content.filter(({ type }) => type === 'tool_use').map(({ name, input }) => [name, flat(input)]),
    expected.calls,
  );
}

function checkSummary(
  summary: ReturnType<typeof decodeStream>['summary'],
  expected: ReturnType<typeof said>,
): void {
  assert.equal(summary.estimated, !expected.hasUsage);
  assert.equal(summary.responseModel, expected.modelVersion);
  assert.equal(summary.stopReason, expectedStop(expected));
  if (!expected.hasUsage) return;
  assert.equal(summary.usage.inputTokens, expected.input);
  assert.equal(summary.usage.cacheReadInputTokens, expected.cached);
  assert.equal(summary.usage.outputTokens, expected.output);
  assert.equal(summary.usage.reasoningOutputTokens, expected.thinking);
}

// Ids are fresh each time.
function comparable(content: readonly DecodedBlock[]): unknown {
  return content.map(({ id, ...block }) => ({ ...block, hasId: id !== undefined }));
}

function checkStream({ bytes }: Recording): void {
  const expected = said(chunksOf(bytes));
  const whole = decodeStream([bytes]);
  if (expected.finishReason === undefined) {
    assert.match(whole.error?.message ?? '', /closed the stream/);
    assert.equal(whole.isComplete, false);
    return;
  }
  assert.equal(whole.error, null);
  assert.equal(whole.isComplete, true);
  checkContent(whole.content, expected);
  checkSummary(whole.summary, expected);
  const lines = bytes.toString().replaceAll('\r\n', '\n');
  for (const spelled of [lines, lines.replaceAll('\n', '\r\n')].map((text) => Buffer.from(text))) {
    const single = Array.from(spelled, (byte) => Buffer.from([byte]));
    assert.deepEqual(comparable(decodeStream(single).content), comparable(whole.content));
    fc.assert(
      fc.property(fc.array(fc.nat(spelled.length), { maxLength: 40 }), (cuts) => {
        const { content, isComplete, summary } = decodeStream(sliced(spelled, cuts));
        assert.equal(isComplete, true);
        assert.deepEqual(comparable(content), comparable(whole.content));
        assertSameSummary(summary, whole.summary);
      }),
      { numRuns: 10 },
    );
  }
}

describe('recorded streams of Gemini', { skip: missing(STREAMS) }, () => {
  for (const recording of STREAMS) {
    it(`${recording.name} says the same in Anthropic's events however it is cut`, () => {
      checkStream(recording);
    });
  }

  it('cost microseconds per chunk', (context) => {
    const chunks = STREAMS.reduce((sum, { bytes }) => sum + chunksOf(bytes).length, 0);
    const run = (): void => {
      for (const { bytes } of STREAMS) {
        const decoder = geminiGenerate.createStreamDecoder(geminiContext());
        for (const slice of sliced(bytes, frameEnds(bytes))) decoder.push(slice);
        decoder.finish();
      }
    };
    const ends = STREAMS.map(({ bytes }) => frameEnds(bytes));
    assert.ok(ends.flat().length > 0);
    for (let count = 0; count < WARM_UP_RUNS; count++) run();
    // The fastest run is the one that nothing else on the machine disturbed.
    const times = Array.from({ length: TIMED_RUNS }, () => {
      const startedAtMs = performance.now();
      run();
      return performance.now() - startedAtMs;
    });
    const microseconds = (Math.min(...times) * 1000) / chunks;
    context.diagnostic(`${microseconds.toFixed(1)} µs per chunk over ${chunks} chunks`);
    assert.ok(microseconds < CHUNK_MICROSECONDS_MAX);
  });
});

function frameEnds(bytes: Buffer): number[] {
  return [...bytes.toString('latin1').matchAll(/\n\r?\n/g)].map(
    (match) => match.index + match[0].length,
  );
}

describe('recorded whole answers of Gemini', { skip: missing(MESSAGES) }, () => {
  for (const { name, bytes } of MESSAGES) {
    it(`${name} says the same as a message, as an array and as a stream`, () => {
      const chunk: Chunk = JSON.parse(bytes.toString());
      const expected = said([chunk]);
      const arrayed = Buffer.from(`[${bytes}]`);
      for (const body of [bytes, arrayed]) {
        const decoded = geminiGenerate.decodeMessage(body, geminiContext());
        const message = JSON.parse(Buffer.from(decoded.bytes).toString());
        checkContent(message.content, expected);
        checkSummary(decoded.summary, expected);
        assert.equal(message.stop_reason, expectedStop(expected));
        const streamed = decodeStream(`data: ${JSON.stringify(chunk)}\n\n`);
        assert.deepEqual(comparable(message.content), comparable(streamed.content));
        assertSameSummary(decoded.summary, streamed.summary);
      }
    });
  }
});
