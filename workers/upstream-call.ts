import type { Dispatcher, Pool } from 'undici';
import type { HeaderPair } from '../schemas/envelope.ts';
import { asBuffer } from './json.ts';
import type { UpstreamRequest } from './provider.ts';
import type { UpstreamCall, UpstreamFailure, UpstreamListener } from './upstream-client.ts';

/** One call and its time. */
export interface CallContext {
  readonly request: UpstreamRequest;
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
    _controller: Controller,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#isOver || status < 200) return;
    this.#isOk = status < 300;
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

// Pieces go to the socket one after another: an array is an iterable body, which undici's types leave out.
function bodyOf(pieces: readonly Uint8Array[]): Buffer {
  const [first] = pieces;
  if (pieces.length === 1 && first !== undefined) return asBuffer(first);
  return pieces as unknown as Buffer;
}

function headerPairs(headers: Record<string, string | string[] | undefined>): HeaderPair[] {
  const pairs: HeaderPair[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') pairs.push([name, value]);
    else for (const each of value ?? []) pairs.push([name, each]);
  }
  return pairs;
}
