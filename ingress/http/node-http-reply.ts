import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HeaderPair } from '../../schemas/envelope.ts';
import { firstHeader, safeValue } from './headers.ts';
import type { HttpReply } from './http.ts';

/** An answer through node:http. */
export class NodeReply implements HttpReply {
  readonly #incoming: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #isHead: boolean;
  readonly #isDraining: boolean;
  #isAborted = false;
  #isStarted = false;
  #abortListeners: (() => void)[] = [];
  #drainListener: (() => void) | null = null;

  constructor(incoming: IncomingMessage, response: ServerResponse, isDraining: boolean) {
    this.#incoming = incoming;
    this.#response = response;
    this.#isHead = incoming.method === 'HEAD';
    this.#isDraining = isDraining;
  }

  get isAborted(): boolean {
    return this.#isAborted;
  }

  get isStarted(): boolean {
    return this.#isStarted;
  }

  get isBackedUp(): boolean {
    return this.#response.writableNeedDrain;
  }

  onAbort(listener: () => void): void {
    if (this.#isAborted) listener();
    else this.#abortListeners.push(listener);
  }

  send(status: number, headers: readonly HeaderPair[], body: string | Uint8Array): void {
    if (this.#isAborted || this.#isStarted) return;
    this.#isStarted = true;
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    // A body that nobody will read: the connection cannot be used again.
    const isUnread = !this.#incoming.complete && this.#incoming.method === 'POST';
    const length: HeaderPair = ['content-length', String(bytes.length)];
    this.#head(status, [...headers, length], isUnread);
    if (this.#isHead) this.#response.end();
    else this.#response.end(bytes);
    if (isUnread) this.#drainRequest();
  }

  start(status: number, headers: readonly HeaderPair[]): void {
    if (this.#isAborted || this.#isStarted) return;
    this.#isStarted = true;
    this.#head(status, headers, false);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isAborted) return true;
    return this.#response.write(bytes);
  }

  onDrain(listener: () => void): void {
    if (this.#drainListener === null) this.#response.on('drain', () => this.#drainListener?.());
    this.#drainListener = listener;
  }

  finish(): void {
    if (!this.#isAborted) this.#response.end();
  }

  cut(): void {
    this.#response.destroy();
  }

  /** The connection closed: before the answer was whole, that is an abort. */
  closed(): void {
    if (this.#response.writableFinished || this.#isAborted) return;
    this.#isAborted = true;
    for (const listener of this.#abortListeners) listener();
    this.#abortListeners = [];
  }

  #head(status: number, headers: readonly HeaderPair[], isLast: boolean): void {
    const flat: string[] = [];
    for (const [name, value] of headers) flat.push(name, safeValue(value));
    if ((isLast || this.#isDraining) && firstHeader(headers, 'connection') === undefined) {
      flat.push('connection', 'close');
    }
    this.#response.writeHead(status, flat);
  }

  // Closing while the client still sends would reset the connection before it has read our answer: take what comes
  // for a moment and keep nothing.
  #drainRequest(): void {
    const { socket } = this.#incoming;
    this.#incoming.on('error', () => {}); // the client may give up in between
    this.#incoming.resume();
    const timer = setTimeout(() => socket.destroy(), UNREAD_BODY_MS_MAX);
    socket.once('close', () => clearTimeout(timer));
  }
}

const UNREAD_BODY_MS_MAX = 2_000;
