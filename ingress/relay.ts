import type { LossReason, ReplyListener } from '../bus/reply-stream.ts';
import { LIMITS } from '../config/limits.ts';
import type { HeaderPair, ReplyEnd, ReplyError, ReplyHead } from '../schemas/envelope.ts';
import { errorBody } from '../schemas/error.ts';
import type { Usage } from '../schemas/usage.ts';
import type { HttpReply } from './http/http.ts';
import { StreamTail } from './stream-tail.ts';

/** How one attempt ended for the client. */
export type RelayResult =
  /** The client has its answer, whole or with an error event at its end; `usage` null = nobody said it. */
  | {
      readonly kind: 'done';
      readonly status: number;
      readonly errorType: string | null;
      readonly usage: Usage | null;
    }
  /** Nothing was sent: another attempt may follow. */
  | { readonly kind: 'failed'; readonly error: ReplyError }
  /** No attempt took place: nobody accepted it. */
  | { readonly kind: 'not-taken'; readonly reason: LossReason }
  /** The worker vanished before the first byte. */
  | { readonly kind: 'lost' };

/** What a relay needs to know of its request. */
export interface RelayOptions {
  readonly reply: HttpReply;
  readonly requestId: string;
  /** The gateway's own headers, e.g. `x-gateway-provider`; made when the answer starts. */
  ownHeaders(head: ReplyHead): readonly HeaderPair[];
  /** The first byte is on its way to the client: no other attempt can follow. */
  onCommit(): void;
  /** A worker that had accepted vanished, also after the client left: its usage event is ours to write. */
  onWorkerLost(relay: Relay): void;
}

const PING_EVENT = Buffer.from('event: ping\ndata: {"type": "ping"}\n\n');
const SSE_TYPE: HeaderPair = ['content-type', 'text/event-stream; charset=utf-8'];
const JSON_TYPE: HeaderPair = ['content-type', 'application/json'];
const NO_CACHE: HeaderPair = ['cache-control', 'no-cache'];

/**
 * Relays one reply stream to the client: bytes as they come, credit as the socket drains.
 *
 * The answer is committed with its first byte; from then on a failure becomes an `error` event.
 */
export class Relay implements ReplyListener {
  readonly #options: RelayOptions;
  readonly #result = Promise.withResolvers<RelayResult>();
  /** A JSON answer's first piece waits for its end, so that it can leave with its length. */
  #firstPiece: Uint8Array | null = null;
  #head: ReplyHead | null = null;
  #isAccepted = false;
  #writtenAtMs: number;
  /** What came of the answer. */
  readonly tail: Pick<StreamTail, 'take' | 'count' | 'outputTokens'> = new StreamTail();

  constructor(options: RelayOptions, nowMs: number) {
    this.#options = options;
    this.#writtenAtMs = nowMs;
  }

  /** Settles once, when the attempt is over. */
  get result(): Promise<RelayResult> {
    return this.#result.promise;
  }

  /** The answer's head; null before it came. */
  get head(): ReplyHead | null {
    return this.#head;
  }

  onAccept(): void {
    this.#isAccepted = true;
  }

  onHead(head: ReplyHead): void {
    this.#head = head;
    this.#writtenAtMs = performance.now();
  }

  onData(bytes: Uint8Array): boolean {
    const { reply } = this.#options;
    const isJson = this.#head?.kind === 'json';
    if (isJson) this.tail.count(bytes.length);
    else this.tail.take(bytes);
    if (!reply.isStarted) {
      if (isJson && this.#firstPiece === null) {
        this.#firstPiece = bytes;
        return true;
      }
      this.#start();
    }
    this.#writtenAtMs = performance.now();
    reply.write(bytes);
    return !reply.isBackedUp;
  }

  onEnd({ usage }: ReplyEnd): void {
    const { reply } = this.#options;
    const status = this.#head?.status ?? 200;
    if (reply.isStarted) reply.finish();
    else if (this.#head?.kind === 'sse') {
      this.#start();
      reply.finish();
    } else reply.send(status, this.#headers(), this.#firstPiece ?? '');
    this.#result.resolve({ kind: 'done', status, errorType: null, usage });
  }

  onError(error: ReplyError): void {
    if (this.#options.reply.isStarted) this.#fail(error);
    else this.#result.resolve({ kind: 'failed', error });
  }

  onLost(reason: LossReason): void {
    if (!this.#isAccepted) {
      this.#result.resolve({ kind: 'not-taken', reason });
      return;
    }
    this.#options.onWorkerLost(this);
    if (this.#options.reply.isStarted) {
      this.#fail(STREAM_INTERRUPTED);
    } else this.#result.resolve({ kind: 'lost' });
  }

  /** The client left. */
  abort(): void {
    this.#result.resolve({ kind: 'done', status: 499, errorType: 'client_closed', usage: null });
  }

  /** Sends a ping when the client heard nothing for long, from the moment the upstream has answered. */
  keepAlive(nowMs: number): void {
    if (this.#head?.kind !== 'sse' || nowMs - this.#writtenAtMs < LIMITS.pingMs) return;
    const { reply } = this.#options;
    if (reply.isBackedUp) return;
    if (!reply.isStarted) this.#start();
    this.#writtenAtMs = nowMs;
    reply.write(PING_EVENT);
  }

  #start(): void {
    const { reply } = this.#options;
    this.#options.onCommit();
    reply.start(this.#head?.status ?? 200, this.#headers());
    if (this.#firstPiece !== null) reply.write(this.#firstPiece);
    this.#firstPiece = null;
    // The answer may take minutes: its headers have left.
    if (this.#head !== null) this.#head = { ...this.#head, headers: [] };
  }

  #headers(): readonly HeaderPair[] {
    const head = this.#head;
    if (head === null) return [];
    const isStream = head.kind === 'sse';
    const headers: HeaderPair[] = [];
    if (!head.headers.some(([name]) => name === 'content-type')) {
      headers.push(isStream ? SSE_TYPE : JSON_TYPE);
    }
    headers.push(...head.headers);
    if (isStream) headers.push(NO_CACHE);
    headers.push(...this.#options.ownHeaders(head));
    return headers;
  }

  // After the first byte: an error event, in the upstream's own words where it sent one, then the end. A JSON body can
  // only be cut.
  #fail({ type, message, body }: StreamFailure): void {
    const { reply, requestId } = this.#options;
    if (this.#head?.kind === 'json') reply.cut();
    else {
      const data = body ?? errorBody(type, message, requestId);
      reply.write(Buffer.from(`event: error\ndata: ${data}\n\n`));
      reply.finish();
    }
    this.#result.resolve({ kind: 'done', status: 200, errorType: type, usage: null });
  }
}

type StreamFailure = Pick<ReplyError, 'type' | 'message' | 'body'>;

const STREAM_INTERRUPTED: StreamFailure = {
  type: 'overloaded_error',
  message: 'the stream was interrupted; please try again',
  body: null,
};
