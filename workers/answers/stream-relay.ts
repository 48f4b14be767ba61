import { LIMITS } from '../../config/limits.ts';
import type { HeaderPair } from '../../schemas/envelope.ts';
import { failureOfReport } from '../failure-kind.ts';
import type { AnswerSummary, DecodedChunk, StreamDecoder } from '../wire.ts';
import type { Answer, AnswerContext } from './answer.ts';

/**
 * Relays a streamed answer to a client that asked for one.
 *
 * Its beginning is held back until the first content, at most `messageStartHoldMsMax`: what fails until then has not
 * been seen by the client and another provider may be asked. A full sink stops the upstream's socket.
 */
export class StreamRelay implements Answer {
  readonly #context: Omit<AnswerContext, 'headers'>;
  /** The answer's head until it is sent. */
  #headers: readonly HeaderPair[];
  readonly #decoder: StreamDecoder;
  /** Events held back; null once the answer is committed. */
  #held: Uint8Array[] | null = [];
  #timer: NodeJS.Timeout | null = null;
  #hasContent = false;
  #isPaused = false;
  #isOver = false;
  #tailBytes = 0;

  constructor({ headers, ...context }: AnswerContext) {
    this.#context = context;
    this.#headers = headers;
    this.#decoder = context.wire.createStreamDecoder(context.decode);
  }

  push(bytes: Buffer): void {
    if (this.#isOver) this.#drain(bytes);
    else this.#take(this.#decoder.push(bytes));
  }

  finish(): void {
    if (!this.#isOver) this.#take(this.#decoder.finish());
  }

  summary(): AnswerSummary {
    this.#end();
    return this.#summary();
  }

  #summary(): AnswerSummary {
    const summary = this.#decoder.summary();
    return this.#held === null ? summary : { ...summary, messageId: null }; // the client saw none
  }

  // A last `[DONE]` may follow a whole answer, and then the connection can be used again. Who goes on talking is cut off.
  #drain(bytes: Buffer): void {
    this.#tailBytes += bytes.length;
    const isWhole = this.#decoder.error === null && this.#decoder.isComplete;
    if (!isWhole || this.#tailBytes > LIMITS.upstreamTailBytesMax) this.#context.call.abort();
  }

  #take(chunk: DecodedChunk): void {
    const { error, isComplete } = this.#decoder;
    if (chunk.hasContent && !this.#hasContent) {
      this.#hasContent = true;
      this.#context.onFirstContent();
    }
    // A failure inside the first content fails over too: the client has seen nothing of it.
    if (error === null || this.#held === null) this.#relay(chunk);
    if (error !== null) {
      this.#end();
      const failure = failureOfReport(error);
      this.#context.settle({ kind: 'failed', error, failure, summary: this.#summary() });
      this.#context.call.abort();
    } else if (isComplete) {
      this.#end();
      this.#context.settle({ kind: 'completed', summary: this.#summary() });
    }
  }

  #relay({ bytes, isBoundary }: DecodedChunk): void {
    if (bytes.length === 0) return;
    if (this.#held !== null) {
      this.#held.push(bytes);
      if (this.#hasContent) this.#release();
      else this.#timer ??= setTimeout(() => this.#release(), LIMITS.messageStartHoldMsMax);
      return;
    }
    this.#write(bytes, isBoundary);
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    const { sink, upstreamModel } = this.#context;
    sink.head({ status: 200, headers: this.#headers, kind: 'sse', upstreamModel });
    this.#headers = [];
    const [first, ...others] = held;
    const bytes = first !== undefined && others.length === 0 ? first : Buffer.concat(held);
    this.#write(bytes, true);
  }

  #write(bytes: Uint8Array, isUrgent: boolean): void {
    const { sink, call } = this.#context;
    sink.write(bytes, isUrgent);
    if (sink.isWritable || this.#isPaused) return;
    this.#isPaused = true;
    call.pause();
    void sink.drained().then(() => {
      this.#isPaused = false;
      call.resume();
    });
  }

  #end(): void {
    this.#isOver = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
