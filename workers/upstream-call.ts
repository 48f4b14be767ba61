import type { Dispatcher, Pool } from 'undici';
import type { HeaderPair } from '../schemas/envelope.ts';
import { asBuffer } from './json.ts';
import type { UpstreamRequest } from './provider.ts';
import type { UpstreamCall, UpstreamFailure, UpstreamListener } from './upstream-client.ts';

/** One call and its time. */
export interface CallContext {
  /** Emptied when the upstream answers. */
  request: UpstreamRequest | null;
  readonly listener: UpstreamListener;
  readonly firstByteMs: number;
  /** Milliseconds of silence inside the body. */
  readonly idleMs: number;
}

type Controller = Dispatcher.DispatchController;

const ABORTED = new Error('aborted by the gateway');
/** A second try would end the same way, or take another `connectMs`. */
const FINAL_CONNECT_CODES = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_INVALID_ARG',
  'UND_ERR_DESTROYED',
]);
const TIMEOUT_CODES = new Set(['UND_ERR_BODY_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT']);

/** Starts a call on the pool of its origin; see UpstreamClient.send. */
export function startCall(pool: () => Pool, context: CallContext): UpstreamCall {
  const call = new Call(pool, context);
  call.dispatch();
  return call;
}

/** Talks to undici at the level of its handlers: no stream objects, no promises per chunk. */
class Call implements UpstreamCall, Dispatcher.DispatchHandler {
  readonly #pool: () => Pool;
  readonly #context: CallContext;
  readonly #timer: NodeJS.Timeout;
  #controller: Controller | null = null;
  #isOver = false;
  #isRetried = false;
  #isOk = false;
  isRequestSent = false;

  constructor(pool: () => Pool, context: CallContext) {
    this.#pool = pool;
    this.#context = context;
    this.#timer = setTimeout(() => this.#timedOut(), Math.max(0, context.firstByteMs));
  }

  dispatch(): void {
    const { request, idleMs } = this.#context;
    if (request === null) return;
    try {
      this.#pool().dispatch(
        {
          path: request.path,
          method: 'POST',
          headers: flatHeaders(request),
          body: bodyOf(request.body),
          bodyTimeout: idleMs,
        },
        this,
      );
    } catch (error) {
      queueMicrotask(() => this.#fail(error));
    }
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  abort(): void {
    this.#end();
    this.#controller?.abort(ABORTED);
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(ABORTED);
    else this.isRequestSent = true;
  }

  onResponseStart(
    controller: Controller,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#isOver || status < 200) return;
    this.#isOk = status < 300;
    // A stream may take minutes: what will not be needed again would be kept as long.
    this.#context.request = null;
    controller.rawHeaders = null;
    this.#context.listener.onResponse(status, headerPairs(headers));
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    if (this.#isOver) return;
    // A refusal must be whole within the time: a body that drips would hold the next attempt up.
    if (this.#isOk) clearTimeout(this.#timer);
    this.#context.listener.onData(chunk);
  }

  onResponseEnd(): void {
    if (this.#isOver) return;
    this.#end();
    this.#context.listener.onEnd();
  }

  onResponseError(_controller: Controller | null, error: Error): void {
    if (this.#isOver) return;
    const { code } = error as NodeJS.ErrnoException;
    if (this.isRequestSent || this.#isRetried || isFinal(code)) {
      queueMicrotask(() => this.#fail(error));
      return;
    }
    this.#isRetried = true;
    this.dispatch();
  }

  #timedOut(): void {
    if (this.#isOver) return;
    this.#end();
    this.#controller?.abort(ABORTED);
    const { isRequestSent } = this;
    this.#context.listener.onFailure({ kind: 'timeout', code: 'FIRST_BYTE', isRequestSent });
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#end();
    this.#context.listener.onFailure(failureOf(error, this.isRequestSent));
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }
}

function failureOf(error: unknown, isRequestSent: boolean): UpstreamFailure {
  const { code: given, name } = error as NodeJS.ErrnoException;
  const code = given ?? name ?? 'UNKNOWN';
  if (TIMEOUT_CODES.has(code)) return { kind: 'timeout', code, isRequestSent };
  if (!isRequestSent) return { kind: 'unreachable', code, isRequestSent };
  const isMalformed = code === 'UND_ERR_HEADERS_OVERFLOW' || name === 'HTTPParserError';
  return { kind: isMalformed ? 'malformed' : 'broken', code, isRequestSent };
}

// Certificates do not get better by asking again.
function isFinal(code: string | undefined): boolean {
  if (code === undefined) return false;
  return FINAL_CONNECT_CODES.has(code) || /CERT|TLS|SSL|SELF_SIGNED/.test(code);
}

function flatHeaders({ headers, body }: UpstreamRequest): string[] {
  const flat: string[] = [];
  for (const [name, value] of headers) flat.push(name, value);
  const length = body.reduce((sum, piece) => sum + piece.byteLength, 0);
  flat.push('content-length', String(length));
  return flat;
}

// A small body leaves in one write with its head. undici keeps what it was given until the answer ends, so that a large
// body is given piece by piece: an iterable body, which undici's types leave out.
function bodyOf(pieces: readonly Uint8Array[]): Buffer {
  const [first] = pieces;
  const isSmall = pieces.length === 1 && (first?.length ?? 0) <= KEPT_BODY_BYTES_MAX;
  if (isSmall && first !== undefined) return asBuffer(first);
  return new Pieces(pieces) as unknown as Buffer;
}

const KEPT_BODY_BYTES_MAX = 16_384;

/** Gives pieces away one by one and forgets them. A generator would keep them in its frame. */
class Pieces implements IterableIterator<Uint8Array> {
  readonly #pieces: Uint8Array[];

  constructor(pieces: readonly Uint8Array[]) {
    this.#pieces = [...pieces];
  }

  next(): IteratorResult<Uint8Array> {
    const value = this.#pieces.shift();
    return value === undefined ? { done: true, value } : { done: false, value };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

function headerPairs(headers: Record<string, string | string[] | undefined>): HeaderPair[] {
  const pairs: HeaderPair[] = [];
  for (const entry of Object.entries(headers)) {
    const [name, value] = entry;
    if (typeof value === 'string') pairs.push(entry as [string, string]);
    else for (const each of value ?? []) pairs.push([name, each]);
  }
  return pairs;
}
