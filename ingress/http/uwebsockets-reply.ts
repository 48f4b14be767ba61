import type { HttpResponse } from 'uWebSockets.js';
import { STATUS_CODES } from 'node:http';
import type { HeaderPair } from '../../schemas/envelope.ts';
import { safeValue } from './headers.ts';
import type { HttpReply } from './http.ts';

/** What a reply needs of its server. */
export interface ReplyOwner {
  readonly isDraining: boolean;
  began(): void;
  ended(): void;
}

/** While the socket is full, data goes in pieces of this size: the native buffer grows by one at most. */
const PIECE_BYTES = 4_096;

/**
 * An answer through uWebSockets.js.
 *
 * Writes of one turn of the event loop leave together in one cork. What the socket does not take stays in our queue,
 * whose size the writer bounds by looking at `isBackedUp`.
 */
export class UwsReply implements HttpReply {
  readonly #response: HttpResponse;
  readonly #owner: ReplyOwner;
  readonly #isHead: boolean;
  #isAborted = false;
  #isStarted = false;
  #isEnded = false;
  #isFinishing = false;
  #isBackedUp = false;
  #isFlushScheduled = false;
  #mustClose = false;
  #head: { status: number; headers: readonly HeaderPair[] } | null = null;
  #queue: Uint8Array[] = [];
  #abortListeners: (() => void)[] = [];
  #drainListener: (() => void) | null = null;

  constructor(response: HttpResponse, options: { isHead: boolean; owner: ReplyOwner }) {
    this.#response = response;
    this.#owner = options.owner;
    this.#isHead = options.isHead;
    options.owner.began();
    response.onAborted(() => this.#aborted());
    response.onWritable(() => this.#onWritable());
  }

  get isAborted(): boolean {
    return this.#isAborted;
  }

  get isStarted(): boolean {
    return this.#isStarted;
  }

  get isBackedUp(): boolean {
    return this.#isBackedUp;
  }

  onAbort(listener: () => void): void {
    if (this.#isAborted) listener();
    else this.#abortListeners.push(listener);
  }

  onDrain(listener: () => void): void {
    this.#drainListener = listener;
  }

  send(status: number, headers: readonly HeaderPair[], body: string | Uint8Array): void {
    if (this.#isAborted || this.#isStarted) return;
    this.#isStarted = true;
    this.#response.cork(() => {
      this.#writeHead(status, headers);
      if (this.#isHead) this.#response.endWithoutBody(0, this.#closes);
      else this.#response.end(body, this.#closes);
    });
    this.#ended();
  }

  /** `send` for a request that was refused: nothing more is taken from its connection. */
  sendAndClose(status: number, headers: readonly HeaderPair[], body: string): void {
    this.#mustClose = true;
    this.send(status, headers, body);
  }

  /** The body will not be read: the answer closes the connection, and what still comes is dropped unread. */
  refuseBody(): void {
    this.#mustClose = true;
  }

  start(status: number, headers: readonly HeaderPair[]): void {
    if (this.#isAborted || this.#isStarted) return;
    this.#isStarted = true;
    this.#head = { status, headers };
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isAborted || this.#isEnded || bytes.length === 0) return true;
    this.#queue.push(bytes);
    if (!this.#isBackedUp) this.#scheduleFlush();
    return !this.#isBackedUp;
  }

  finish(): void {
    if (this.#isAborted || this.#isEnded) return;
    this.#isFinishing = true;
    if (!this.#isBackedUp) this.#flush();
  }

  cut(): void {
    if (this.#isAborted || this.#isEnded) return;
    this.#response.close(); // onAborted follows and cleans up
  }

  get #closes(): boolean {
    return this.#mustClose || this.#owner.isDraining;
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    queueMicrotask(() => {
      this.#isFlushScheduled = false;
      if (!this.#isAborted && !this.#isEnded && !this.#isBackedUp) this.#flush();
    });
  }

  #flush(): void {
    this.#response.cork(() => {
      if (this.#head !== null) {
        this.#writeHead(this.#head.status, this.#head.headers);
        this.#head = null;
      }
      this.#writeQueue();
      if (this.#isFinishing && this.#queue.length === 0)
        // Asked to close here, it would write another header into the body.
        this.#response.end();
    });
    if (this.#isFinishing && this.#queue.length === 0) this.#ended();
  }

  #writeQueue(): void {
    const [only] = this.#queue;
    if (only === undefined) return;
    const bytes = this.#queue.length === 1 ? only : Buffer.concat(this.#queue);
    this.#queue = [];
    if (!this.#response.write(bytes)) this.#isBackedUp = true;
  }

  // The socket has room again. Something must be written or corked here, or the native buffer is not flushed.
  #onWritable(): boolean {
    if (this.#isAborted || this.#isEnded) return true;
    let isDrained = true;
    this.#response.cork(() => {
      while (isDrained && this.#queue.length > 0) {
        const bytes = this.#queue.length === 1 ? this.#queue[0] : Buffer.concat(this.#queue);
        if (bytes === undefined) break;
        isDrained = this.#response.write(bytes.subarray(0, PIECE_BYTES));
        this.#queue = bytes.length > PIECE_BYTES ? [bytes.subarray(PIECE_BYTES)] : [];
      }
    });
    if (!isDrained) return true;
    this.#isBackedUp = false;
    if (this.#isFinishing) this.#flush();
    else this.#drainListener?.();
    return true;
  }

  #writeHead(status: number, headers: readonly HeaderPair[]): void {
    const response = this.#response;
    response.writeStatus(STATUS_LINES[status] ?? `${status} ${STATUS_CODES[status] ?? 'Unknown'}`);
    for (const [name, value] of headers) {
      // The native side writes these itself.
      if (name !== 'content-length' && name !== 'connection') {
        response.writeHeader(name, safeValue(value));
      }
    }
    if (this.#closes) response.writeHeader('connection', 'close');
  }

  #aborted(): void {
    this.#isAborted = true;
    this.#queue = [];
    const listeners = this.#abortListeners;
    this.#abortListeners = [];
    this.#ended();
    for (const listener of listeners) listener();
  }

  #ended(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#owner.ended();
  }
}

const STATUS_LINES: Readonly<Record<number, string>> = { 200: '200 OK', 529: '529 Overloaded' };
