import type { ToolState } from '../../../schemas/tool-state.ts';
import { openaiChat } from '../../../workers/wire/openai-chat.ts';
import type { DecodeContext } from '../../../workers/wire.ts';
import { validateAnthropicEvents } from '../../support/event-grammar.ts';
import { parseEventStream } from '../../support/event-parser.ts';
import { plainPrompt } from './prompt.ts';

/** A block of a decoded message. */
export interface Block {
  readonly type: string;
  readonly text?: string;
  readonly thinking?: string;
  readonly signature?: string;
  readonly id?: string;
  readonly name?: string;
  readonly input?: unknown;
}

/** What became of an answer. */
export interface Decoded {
  readonly content: readonly Block[];
  readonly stopReason: unknown;
  readonly message: Readonly<Record<string, unknown>>;
  readonly usage: Readonly<Record<string, unknown>>;
}

/** A decoder's context, with what was remembered through it. */
export interface RecordedContext extends DecodeContext {
  readonly remembered: Map<string, ToolState>;
}

/** A context as a worker makes it. */
export function chatContext(changes: Partial<DecodeContext> = {}): RecordedContext {
  const remembered = new Map<string, ToolState>();
  return {
    providerId: 'openai-compatible',
    requestId: 'req_test',
    requestModel: 'claude-opus-5-5',
    inputTokensEstimate: 0,
    expectedPrompt: plainPrompt(changes.inputTokensEstimate ?? 0),
    thinkingDisplay: 'shown',
    upstreamModel: 'some/model',
    toolNames: new Map(),
    remember: (id, state) => remembered.set(id, state),
    remembered,
    ...changes,
  };
}

/** Decodes a stream that comes in the given pieces; its events keep the grammar or this throws. */
export function decodePieces(pieces: readonly Uint8Array[], context = chatContext()) {
  const decoder = openaiChat.createStreamDecoder(context);
  const chunks = pieces.map((piece) => decoder.push(piece));
  chunks.push(decoder.finish());
  const bytes = Buffer.concat(chunks.map((chunk) => chunk.bytes));
  const events = parseEventStream(bytes);
  const fold = validateAnthropicEvents(events, {
    ...(decoder.error === null ? {} : { mayEndWith: 'cut' }),
  });
  return {
    decoder,
    chunks,
    events,
    context,
    summary: decoder.summary(),
    ...decodedOf(fold.message),
  };
}

/** Decodes a stream that comes at once. */
export function decodeStream(text: string, context = chatContext()) {
  return decodePieces([Buffer.from(text)], context);
}

/** Decodes chunks in OpenAI's own framing, `[DONE]` included. */
export function decodeChunks(chunks: readonly object[], context = chatContext()) {
  return decodeStream(`${framed(chunks)}data: [DONE]\n\n`, context);
}

/** Chunks as events. */
export function framed(chunks: readonly object[]): string {
  return chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('');
}

/** One chunk with a delta. */
export function delta(fields: object, finish_reason: string | null = null): object {
  return { id: 'c', model: 'up', choices: [{ index: 0, delta: fields, finish_reason }] };
}

/** One chunk with a piece of a tool call. */
export function callDelta(...calls: readonly object[]): object {
  return delta({ tool_calls: calls });
}

/** Decodes a whole answer. */
export function decodeWhole(body: string | object, context = chatContext()) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const { bytes, summary } = openaiChat.decodeMessage(Buffer.from(text), context);
  const message = JSON.parse(Buffer.from(bytes).toString('utf8'));
  return { summary, context, ...decodedOf(message) };
}

/** Random cuts as pieces. */
export function sliced(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const points = [0, ...[...new Set(cuts)].sort((a, b) => a - b), bytes.length];
  return points.slice(1).map((end, index) => bytes.subarray(points[index], end));
}

/** The text of all blocks of a kind. */
export function textOf(content: readonly Block[], field: 'text' | 'thinking'): string {
  return content.map((block) => block[field] ?? '').join('');
}

function decodedOf(message: Readonly<Record<string, unknown>>): Decoded {
  const { content, stop_reason: stopReason, usage } = message;
  return {
    message,
    stopReason,
    content: Array.isArray(content) ? content : [],
    usage: typeof usage === 'object' && usage !== null ? { ...usage } : {},
  };
}
