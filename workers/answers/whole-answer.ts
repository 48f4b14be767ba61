import type { ReplySink } from '../../bus/reply-sink.ts';
import { LIMITS } from '../../config/limits.ts';
import type { HeaderPair, ReplyError } from '../../schemas/envelope.ts';
import { replyError, thrownError } from '../errors/reply-errors.ts';
import { failureOfReport } from '../failure-kind.ts';
import type { UpstreamRequest } from '../provider.ts';
import { MessageFold } from '../wire/fold-message.ts';
import { unfoldMessage } from '../wire/unfold-message.ts';
import type { AnswerSummary, DecodedMessage, StreamDecoder } from '../wire.ts';
import { type Answer, type AnswerContext, maybeBilled, NOTHING_KNOWN } from './answer.ts';
import { BodyCollector } from './body-collector.ts';

/** Collects a JSON answer; a client that asked for a stream gets it unfolded into one. */
export class JsonAnswer implements Answer {
  readonly #context: AnswerContext;
  readonly #body = new BodyCollector(LIMITS.upstreamMessageBytesMax);

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  push(bytes: Buffer): void {
    if (!this.#body.push(bytes)) tooLarge(this.#context, this.summary());
  }

  finish(): void {
    const { wire, decode, isStream } = this.#context;
    let message: DecodedMessage;
    try {
      message = wire.decodeMessage(this.#body.take(), decode);
      if (isStream) message = { ...message, bytes: unfoldMessage(message.bytes) };
    } catch (error) {
      fail(this.#context, thrownError(error), this.summary());
      return;
    }
    this.#context.onFirstContent();
    sendWhole(this.#context, message);
  }

  summary(): AnswerSummary {
    return maybeBilled(this.#context.decode);
  }
}

/** Folds a streamed answer into the one message that the client asked for. */
export class FoldedStream implements Answer {
  readonly #context: AnswerContext;
  readonly #decoder: StreamDecoder;
  readonly #fold = new MessageFold();
  #bytes = 0;
  #tailBytes = 0;
  #hasContent = false;
  #isOver = false;

  constructor(context: AnswerContext) {
    this.#context = context;
    this.#decoder = context.wire.createStreamDecoder(context.decode);
  }

  push(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#isOver) {
      // A last `[DONE]` may follow, and then the connection can be used again.
      this.#tailBytes += bytes.length;
      if (this.#tailBytes > LIMITS.upstreamTailBytesMax) this.#context.call.abort();
      return;
    }
    if (this.#bytes > LIMITS.upstreamMessageBytesMax) tooLarge(this.#context, this.summary());
    else this.#take(bytes);
  }

  finish(): void {
    if (!this.#isOver) this.#take(null);
  }

  // The client saw no message: it gets a whole one or none.
  summary(): AnswerSummary {
    return { ...this.#decoder.summary(), messageId: null };
  }

  #take(bytes: Buffer | null): void {
    const chunk = bytes === null ? this.#decoder.finish() : this.#decoder.push(bytes);
    if (chunk.hasContent && !this.#hasContent) {
      this.#hasContent = true;
      this.#context.onFirstContent();
    }
    this.#fold.push(chunk.bytes);
    const { error, isComplete } = this.#decoder;
    if (error === null && !isComplete) return;
    this.#isOver = true;
    if (error === null) this.#send();
    else {
      fail(this.#context, error, this.summary());
      this.#context.call.abort();
    }
  }

  #send(): void {
    try {
      const summary = this.#decoder.summary();
      sendWhole(this.#context, { bytes: this.#fold.finish(), summary });
    } catch (error) {
      fail(this.#context, thrownError(error), this.summary());
    }
  }
}

/** What came instead of an answer. */
export interface RefusalOptions {
  readonly status: number;
  readonly headers: readonly HeaderPair[];
  /** What was refused. */
  readonly request: UpstreamRequest;
}

/** Collects an error answer, as far as it may matter. */
export class Refusal implements Answer {
  readonly #context: AnswerContext;
  readonly #options: RefusalOptions;
  readonly #body = new BodyCollector(LIMITS.upstreamErrorBodyBytesMax);

  constructor(context: AnswerContext, options: RefusalOptions) {
    this.#context = context;
    this.#options = options;
  }

  push(bytes: Buffer): void {
    if (this.#body.push(bytes)) return;
    this.finish();
    this.#context.call.abort();
  }

  finish(): void {
    const body = this.#body.take();
    this.#context.settle({ kind: 'refused', ...this.#options, body });
  }

  summary(): AnswerSummary {
    return NOTHING_KNOWN;
  }
}

// In pieces, at the client's pace. A client that leaves meanwhile ends the attempt elsewhere.
function sendWhole(context: AnswerContext, { bytes, summary }: DecodedMessage): void {
  const { sink, headers, upstreamModel, isStream } = context;
  sink.head({ status: 200, headers, kind: isStream ? 'sse' : 'json', upstreamModel });
  writePieces(sink, bytes).then(
    () => context.settle({ kind: 'completed', summary }),
    (error) =>
      context.settle({ kind: 'failed', error: thrownError(error), failure: 'request', summary }),
  );
}

async function writePieces(sink: ReplySink, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length && !sink.signal.aborted; at += LIMITS.replyFrameBytesMax) {
    sink.write(bytes.subarray(at, at + LIMITS.replyFrameBytesMax), true);
    if (!sink.isWritable) await sink.drained();
  }
}

function tooLarge(context: AnswerContext, summary: AnswerSummary): void {
  const error = replyError(
    'api_error',
    `provider ${context.decode.providerId} sent an answer that is too large`,
    502,
  );
  fail(context, error, summary);
  context.call.abort();
}

// The answer has status 200 and is none.
function fail({ settle }: AnswerContext, error: ReplyError, summary: AnswerSummary): void {
  settle({ kind: 'failed', error, failure: failureOfReport(error), summary });
}
