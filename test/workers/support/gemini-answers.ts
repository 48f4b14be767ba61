import type { ToolState } from '../../../schemas/tool-state.ts';
import { geminiGenerate } from '../../../workers/wire/gemini-generate.ts';
import type { DecodeContext } from '../../../workers/wire.ts';
import { type FoldedStream, validateAnthropicEvents } from '../../support/event-grammar.ts';
import { parseEventStream, type StreamEvent } from '../../support/event-parser.ts';
import { plainPrompt } from './prompt.ts';

/** A content block of a decoded message. */
export interface DecodedBlock {
  readonly type: string;
  readonly text?: string;
  readonly thinking?: string;
  readonly signature?: string;
  readonly id?: string;
  readonly name?: string;
  readonly input?: unknown;
}

/** A context that keeps what was remembered in `states`. */
export function geminiContext(
  states: Map<string, ToolState> = new Map(),
  overrides: Partial<DecodeContext> = {},
): DecodeContext {
  return {
    providerId: 'vertex-gemini',
    requestId: 'req_test',
    requestModel: 'claude-opus-5-5',
    inputTokensEstimate: 1234,
    expectedPrompt: plainPrompt(1234),
    thinkingDisplay: 'shown',
    upstreamModel: 'gemini-3.1-pro-preview',
    toolNames: new Map(),
    remember: (id, state) => states.set(id, state),
    ...overrides,
  };
}

/** Decodes a stream, in the pieces given, and checks the grammar of what comes out. */
export function decodeStream(
  slices: readonly Uint8Array[] | string,
  overrides: Partial<DecodeContext> = {},
) {
  const states = new Map<string, ToolState>();
  const decoder = geminiGenerate.createStreamDecoder(geminiContext(states, overrides));
  const pieces = typeof slices === 'string' ? [Buffer.from(slices)] : slices;
  const chunks = pieces.map((slice) => decoder.push(slice));
  chunks.push(decoder.finish());
  const text = Buffer.concat(chunks.map((chunk) => chunk.bytes)).toString();
  const summary = decoder.summary();
  return { decoder, chunks, text, states, summary, error: decoder.error, ...folded(text) };
}

function folded(text: string) {
  const { message, isComplete } = validGrammar(text);
  const content = (message['content'] ?? []) as readonly DecodedBlock[]; // the grammar was checked
  const words = content.filter(({ type }) => type === 'text').map((block) => block.text);
  return { message, content, isComplete, words: words.join('') };
}

/** Checks the grammar. What message_start says of usage is an estimate, which the end corrects in both directions. */
export function validGrammar(text: string): FoldedStream {
  const events = parseEventStream(text).map(withoutEstimate);
  return validateAnthropicEvents(events, { mayEndWith: 'cut' });
}

function withoutEstimate(event: StreamEvent): StreamEvent {
  if (event.event !== 'message_start') return event;
  const data = JSON.parse(event.data);
  const usage = { input_tokens: 0, output_tokens: 0 };
  return { ...event, data: JSON.stringify({ ...data, message: { ...data.message, usage } }) };
}

/** Frames as Gemini writes them. */
export function frames(...chunks: readonly object[]): string {
  return chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`).join('');
}

/** A chunk with these parts in its only candidate. */
export function partsChunk(parts: readonly object[], candidate: object = {}): object {
  return { candidates: [{ content: { role: 'model', parts }, ...candidate }] };
}

/** The last chunk of an answer. */
export function lastChunk(finishReason: string, fields: object = {}): object {
  return {
    candidates: [{ finishReason }],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 4 },
    ...fields,
  };
}

/** Cuts bytes at these offsets. */
export function sliced(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const points = [0, ...[...new Set(cuts)].sort((a, b) => a - b), bytes.length];
  return points.slice(1).map((end, index) => bytes.subarray(points[index], end));
}
