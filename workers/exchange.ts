import type { ReplySink } from '../bus/reply-sink.ts';
import type { HeaderPair } from '../schemas/envelope.ts';
import {
  type Answer,
  type AnswerContext,
  maybeBilled,
  NOTHING_KNOWN,
  type Outcome,
} from './answers/answer.ts';
import { StreamRelay } from './answers/stream-relay.ts';
import { FoldedStream, JsonAnswer, Refusal, type RefusalOptions } from './answers/whole-answer.ts';
import { callFailed, replyError } from './errors/reply-errors.ts';
import { failureOfCall } from './failure-kind.ts';
import type { UpstreamRequest, Work } from './provider.ts';
import { clientHeaders } from './response-headers.ts';
import type {
  UpstreamCall,
  UpstreamClient,
  UpstreamFailure,
  UpstreamListener,
} from './upstream-client.ts';
import type { DecodeContext, Wire } from './wire.ts';

/** One call of an attempt, and what it is answered into. */
export interface ExchangeOptions {
  readonly work: Work;
  readonly sink: ReplySink;
  readonly client: UpstreamClient;
  readonly wire: Wire;
  readonly decode: DecodeContext;
  readonly firstByteMs: number;
  onResponse(status: number, headers: readonly HeaderPair[]): void;
  onFirstContent(): void;
}

/**
 * Calls the upstream once and relays its answer into the sink, head and data; how it ended is the result. Never
 * rejects. The client leaving aborts the call at once.
 */
export function exchange(request: UpstreamRequest, options: ExchangeOptions): Promise<Outcome> {
  return new Exchange(request, options).outcome;
}

class Exchange implements UpstreamListener {
  /** Null once the upstream began to answer it. */
  #request: UpstreamRequest | null;
  readonly #options: ExchangeOptions;
  readonly #outcome = Promise.withResolvers<Outcome>();
  readonly #call: UpstreamCall;
  readonly #onAbort = (): void => this.#cancel();
  #answer: Answer | null = null;

  constructor(request: UpstreamRequest, options: ExchangeOptions) {
    this.#request = request;
    this.#options = options;
    const { client, firstByteMs, sink } = options;
    this.#call = client.send(request, this, { firstByteMs });
    sink.signal.addEventListener('abort', this.#onAbort);
    if (sink.signal.aborted) this.#cancel();
  }

  get outcome(): Promise<Outcome> {
    return this.#outcome.promise;
  }

  onResponse(status: number, headers: readonly HeaderPair[]): void {
    this.#options.onResponse(status, headers);
    const request = this.#request;
    if (request === null) return; // a second answer to one request: undici lets none through
    this.#answer = this.#answerTo({ status, headers, request });
    this.#request = null;
    if (status === 200) letGo(this.#options.work);
  }

  onData(bytes: Buffer): void {
    this.#answer?.push(bytes);
  }

  onEnd(): void {
    this.#answer?.finish();
  }

  onFailure(failure: UpstreamFailure): void {
    const error = callFailed(failure, this.#options.decode.providerId);
    const summary = this.#summary(failure.isRequestSent);
    this.#settle({ kind: 'failed', error, failure: failureOfCall(failure), summary });
  }

  #cancel(): void {
    this.#call.abort();
    this.#settle({ kind: 'cancelled', summary: this.#summary(this.#call.isRequestSent) });
  }

  #summary(isRequestSent: boolean): ReturnType<Answer['summary']> {
    if (this.#answer !== null) return this.#answer.summary();
    return isRequestSent ? maybeBilled(this.#options.decode) : NOTHING_KNOWN;
  }

  #answerTo(response: RefusalOptions): Answer {
    const { status, headers, request } = response;
    const context = this.#answerContext(headers, request);
    if (status !== 200) return new Refusal(context, response);
    const encoding = headerValue(headers, 'content-encoding');
    if (encoding !== '' && encoding !== 'identity') return this.#encoded(context, response);
    const isJson = headerValue(headers, 'content-type').includes('json');
    const { isStream, operation } = this.#options.work.dispatch.facts;
    if (isJson || operation === 'count_tokens') return new JsonAnswer(context);
    return isStream ? new StreamRelay(context) : new FoldedStream(context);
  }

  // We asked for plain bytes: whoever packs them anyway is no server we know.
  #encoded(context: AnswerContext, response: RefusalOptions): Answer {
    const { providerId } = this.#options.decode;
    const error = replyError('api_error', `provider ${providerId} sent a compressed answer`, 502);
    const summary = maybeBilled(this.#options.decode);
    this.#settle({ kind: 'failed', error, failure: 'malformed', summary });
    queueMicrotask(() => this.#call.abort());
    return new Refusal(context, response);
  }

  #answerContext(headers: readonly HeaderPair[], request: UpstreamRequest): AnswerContext {
    const { sink, wire, decode, onFirstContent, work } = this.#options;
    return {
      sink,
      wire,
      decode,
      upstreamModel: request.upstreamModel,
      call: this.#call,
      headers: withWarnings(clientHeaders(decode.providerId, headers), request),
      isStream: work.dispatch.facts.isStream,
      settle: (outcome) => this.#settle(outcome),
      onFirstContent,
    };
  }

  #settle(outcome: Outcome): void {
    this.#options.sink.signal.removeEventListener('abort', this.#onAbort);
    this.#outcome.resolve(outcome);
  }
}

function letGo(work: Work): void {
  work.body = NO_BYTES;
  work.dispatch = { ...work.dispatch, headers: [], fields: [] };
}

const NO_BYTES = new Uint8Array(0);

function withWarnings(
  headers: readonly HeaderPair[],
  { translation }: UpstreamRequest,
): readonly HeaderPair[] {
  const warnings = translation?.warnings ?? [];
  return warnings.length === 0
    ? headers
    : [...headers, ['x-gateway-warnings', warnings.join(', ')]];
}

function headerValue(headers: readonly HeaderPair[], wanted: string): string {
  return headers.find(([name]) => name === wanted)?.[1].toLowerCase() ?? '';
}
