import { LIMITS } from '../../../config/limits.ts';
import type { ReplyError } from '../../../schemas/envelope.ts';
import { isJsonObject, type JsonObject } from '../../json.ts';
import type { AnswerSummary, DecodeContext, DecodedChunk, StreamDecoder } from '../../wire.ts';
import { parseSseEvent } from '../sse-event.ts';
import { SseSplitter } from '../sse-splitter.ts';
import { ChatAnswer } from './answer.ts';
import { readChunk } from './chunk.ts';
import { looksLikeJson, parseBodies, parseBody } from './parse-body.ts';
import { malformedAnswer, reportedError } from './stream-error.ts';

const DONE = '[DONE]';

/**
 * Reads a stream of chat-completion chunks in any framing that servers really send, and writes Anthropic's events.
 *
 * Also read: raw JSON instead of events or after them (errors, whole answers, one object per line), and several chunks in
 * one event. A web page and broken JSON are failures. Source: protocol reference §6.
 */
export class ChatStreamDecoder implements StreamDecoder {
  readonly #context: DecodeContext;
  readonly #answer: ChatAnswer;
  readonly #splitter = new SseSplitter((bytes, start, end) => {
    this.#event(bytes.toString('utf8', start, end));
    return !this.#answer.isOver;
  });

  constructor(context: DecodeContext) {
    this.#context = context;
    this.#answer = new ChatAnswer(context);
  }

  get error(): ReplyError | null {
    return this.#answer.error;
  }

  get isComplete(): boolean {
    return this.#answer.isComplete;
  }

  push(chunk: Uint8Array): DecodedChunk {
    if (!this.#answer.isOver) {
      this.#splitter.push(chunk);
      if (this.#splitter.pendingBytes > LIMITS.sseEventBytesMax) {
        this.#answer.fail(malformedAnswer(this.#context, 'sent an event that is too large'));
      }
    }
    return this.#answer.takeEvents();
  }

  finish(): DecodedChunk {
    const tail = this.#splitter.takeTail().toString('utf8');
    if (!this.#answer.isOver && tail.trim() !== '') this.#event(tail);
    this.#answer.end('closed');
    return this.#answer.takeEvents();
  }

  summary(): AnswerSummary {
    return this.#answer.summary();
  }

  #event(text: string): void {
    const { name, data } = parseSseEvent(text);
    const trimmed = data.trim();
    if (trimmed === '') this.#strange(text.trim());
    else if (trimmed === DONE) this.#answer.end('done');
    else if (name === 'error') this.#answer.fail(reportedError(trimmed, this.#context));
    else this.#data(trimmed);
  }

  // No data: comments and fields that mean nothing here, or no event at all.
  #strange(text: string): void {
    if (looksLikeJson(text)) this.#data(text);
    else if (text.startsWith('<')) {
      this.#answer.fail(malformedAnswer(this.#context, 'answered with a web page'));
    }
  }

  #data(text: string): void {
    const body = parseBody(text);
    if (isJsonObject(body)) this.#body(body);
    else this.#several(text);
  }

  // Events that only a line feed parts, and lines of JSON. Words like `ping` mean nothing.
  #several(text: string): void {
    const bodies = parseBodies(text);
    if (bodies === null) {
      if (looksLikeJson(text)) {
        this.#answer.fail(malformedAnswer(this.#context, 'sent a chunk that is not JSON'));
      }
      return;
    }
    for (const body of bodies) {
      if (body === DONE) this.#answer.end('done');
      else this.#body(body);
    }
  }

  #body(body: JsonObject): void {
    const chunk = readChunk(body);
    if (chunk.failure === null) this.#answer.take(chunk);
    else this.#answer.fail(reportedError(JSON.stringify(chunk.failure), this.#context));
  }
}
