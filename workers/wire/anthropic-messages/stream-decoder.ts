import { LIMITS } from '../../../config/limits.ts';
import type { ReplyError } from '../../../schemas/envelope.ts';
import { isJsonObject, type JsonObject, parseJson, textField } from '../../json.ts';
import type { AnswerSummary, DecodeContext, DecodedChunk, StreamDecoder } from '../../wire.ts';
import { parseSseEvent } from '../sse-event.ts';
import { SseSplitter } from '../sse-splitter.ts';
import { AnswerWatch } from './answer-watch.ts';
import { eventName } from './event-name.ts';
import { malformedStream, streamError, truncatedStream } from './stream-error.ts';

const NOTHING = Buffer.alloc(0);
const BLANK_LINE = Buffer.from('\n\n');

/**
 * Relays an Anthropic event stream: whole events leave byte for byte as they came, unknown ones too.
 *
 * An `error` event is held back and set as `error`, with the upstream's own data in `error.body`: who sends it knows
 * whether the client already has the beginning of an answer. Only `message_start`, `message_delta`, errors and events
 * without a leading name are parsed.
 */
export class AnthropicStreamDecoder implements StreamDecoder {
  readonly #context: DecodeContext;
  readonly #watch: AnswerWatch;
  readonly #splitter = new SseSplitter((bytes, start, end) => this.#event(bytes, start, end));
  #hasContent = false;
  #isBoundary = false;
  #hasEvents = false;
  /** The upstream itself said that it failed: it then bills nothing that it had not begun. */
  #isReported = false;
  error: ReplyError | null = null;
  isComplete = false;

  constructor(context: DecodeContext) {
    this.#context = context;
    this.#watch = new AnswerWatch(context);
  }

  push(chunk: Uint8Array): DecodedChunk {
    if (this.error !== null) return this.#chunk(NOTHING);
    const bytes = this.#splitter.push(chunk);
    if (this.#splitter.pendingBytes > LIMITS.sseEventBytesMax) {
      this.error ??= malformedStream(this.#context, 'sent an event that is too large');
    }
    return this.#chunk(bytes);
  }

  finish(): DecodedChunk {
    const bytes = this.error === null ? this.#lastEvent(this.#splitter.takeTail()) : NOTHING;
    if (!this.isComplete) this.error ??= truncatedStream(this.#context);
    return this.#chunk(bytes);
  }

  summary(): AnswerSummary {
    return this.#watch.summary(this.#isReported);
  }

  #chunk(bytes: Uint8Array): DecodedChunk {
    const chunk = { bytes, hasContent: this.#hasContent, isBoundary: this.#isBoundary };
    this.#hasContent = false;
    this.#isBoundary = false;
    return chunk;
  }

  #event(bytes: Buffer, start: number, end: number): boolean {
    const name = eventName(bytes, start, end);
    if (name === 'content_block_delta') {
      this.#hasContent = true;
      this.#watch.grew(bytes, start, end);
    } else if (name === 'ping' || name === null) {
      if (name === null) this.#unnamed(bytes.toString('utf8', start, end));
    } else {
      this.#named(name, bytes, start, end);
    }
    this.#hasEvents = true;
    return this.error === null;
  }

  #named(name: string, bytes: Buffer, start: number, end: number): void {
    if (name === 'message_start' || name === 'message_delta' || name === 'error') {
      this.#parsed(name, parseSseEvent(bytes.toString('utf8', start, end)).data);
      return;
    }
    this.#hasContent = true;
    if (name === 'content_block_stop') this.#isBoundary = true;
    if (name === 'message_stop') {
      this.#isBoundary = true;
      this.isComplete = true;
    }
  }

  #parsed(name: string, data: string): void {
    if (name === 'error') {
      this.#fail(streamError(data, this.#context));
      return;
    }
    const event = parseJson(data);
    if (!isJsonObject(event)) {
      this.error = malformedStream(this.#context, `sent a ${name} event that is not JSON`);
    } else if (name === 'message_start') {
      this.#watch.started(event);
    } else {
      this.#watch.changed(event);
      this.#hasContent = true;
      this.#isBoundary = true;
    }
  }

  // The long way: comments, other field orders, events that carry their name in their data only.
  #unnamed(text: string): void {
    const { name, data } = parseSseEvent(text);
    if (data === '') {
      if (!this.#hasEvents || looksLikeJson(text)) this.#strange(text);
      return;
    }
    const event = parseJson(data);
    if (!isJsonObject(event)) return; // `[DONE]` and the like: relayed, and nobody minds
    const kind = name ?? kindOf(event);
    if (kind === 'ping') return;
    if (kind === 'content_block_delta') {
      const bytes = Buffer.from(text);
      this.#hasContent = true;
      this.#watch.grew(bytes, 0, bytes.length);
    } else this.#named(kind, Buffer.from(text), 0, Buffer.byteLength(text));
  }

  // The end of a stream whose last blank line is missing, or what is no stream at all.
  #lastEvent(tail: Buffer): Buffer {
    const text = tail.toString('utf8');
    if (text.trim() === '') return tail;
    this.#strange(text);
    if (this.error !== null) return NOTHING;
    const { data } = parseSseEvent(text);
    if (!isJsonObject(parseJson(data))) return NOTHING;
    const whole = /[\r\n]\r$/.test(text) ? tail : Buffer.concat([tail, BLANK_LINE]);
    return this.#event(whole, 0, whole.length) ? whole : NOTHING;
  }

  #fail(error: ReplyError): void {
    this.error = error;
    this.#isReported = true;
  }

  #strange(text: string): void {
    if (looksLikeJson(text)) this.#fail(streamError(text, this.#context));
    else if (text.trimStart().startsWith('<')) {
      this.#fail(malformedStream(this.#context, 'answered with a web page'));
    }
  }
}

function kindOf(event: JsonObject): string {
  const type = textField(event, 'type');
  if (type !== null) return type;
  return 'error' in event ? 'error' : '';
}

function looksLikeJson(text: string): boolean {
  return /^\s*[[{]/.test(text);
}
