import { LIMITS } from '../../../config/limits.ts';
import type { ReplyError } from '../../../schemas/envelope.ts';
import type { AnswerSummary, DecodeContext, DecodedChunk, StreamDecoder } from '../../wire.ts';
import { parseSseEvent } from '../sse-event.ts';
import { SseSplitter } from '../sse-splitter.ts';
import { GeminiAnswer } from './answer.ts';
import { parseChunks } from './candidate.ts';

/** What OpenAI's wire ends with; proxies put it behind Gemini's too. */
const DONE = '[DONE]';

/**
 * Translates a stream of `streamGenerateContent` (`alt=sse`) into Anthropic events.
 *
 * It has no end mark: the answer is whole when the upstream closes after a `finishReason`. Raw JSON between or instead
 * of events, an error or a chunk, is understood too.
 */
export class GeminiStreamDecoder implements StreamDecoder {
  readonly #answer: GeminiAnswer;
  readonly #splitter = new SseSplitter((bytes, start, end) => {
    this.#event(bytes.toString('utf8', start, end));
    return this.error === null;
  });

  constructor(context: DecodeContext) {
    this.#answer = new GeminiAnswer(context);
  }

  get error(): ReplyError | null {
    return this.#answer.error;
  }

  get isComplete(): boolean {
    return this.#answer.isComplete;
  }

  push(chunk: Uint8Array): DecodedChunk {
    if (this.error === null && !this.isComplete) {
      this.#splitter.push(chunk);
      if (this.#splitter.pendingBytes > LIMITS.sseEventBytesMax) {
        this.#answer.fail('sent an event that is too large');
      }
    }
    return this.#answer.takeEvents();
  }

  finish(): DecodedChunk {
    if (this.error === null && !this.isComplete) {
      this.#lastEvent(this.#splitter.takeTail().toString('utf8'));
      this.#answer.finish();
    }
    return this.#answer.takeEvents();
  }

  summary(): AnswerSummary {
    return this.#answer.summary();
  }

  #event(text: string): void {
    const { data } = parseSseEvent(text);
    if (data === '') this.#raw(text);
    else if (data.trim() !== DONE && !this.#take(data)) {
      this.#answer.fail('sent an event that is not JSON');
    }
  }

  // The last blank line may be missing; an event that was cut is none, and the answer then has no end.
  #lastEvent(text: string): void {
    const { data } = parseSseEvent(text);
    if (data === '') this.#raw(text);
    else this.#take(data);
  }

  #raw(text: string): void {
    const trimmed = text.trim();
    if (trimmed.startsWith('<')) this.#answer.fail('answered with a web page');
    else if (/^[[{]/.test(trimmed) && !this.#take(trimmed)) {
      this.#answer.fail('sent JSON that is broken');
    }
  }

  #take(json: string): boolean {
    const chunks = parseChunks(json);
    for (const chunk of chunks ?? []) this.#answer.take(chunk);
    return chunks !== null;
  }
}
