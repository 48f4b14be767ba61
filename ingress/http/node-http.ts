import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { LIMITS } from '../../config/limits.ts';
import type { HeaderPair } from '../../schemas/envelope.ts';
import { GatewayError } from '../../schemas/error.ts';
import { answerHandlerFailure, refusalAnswer } from './failures.ts';
import { guard } from './guard.ts';
import { firstHeader, safeValue } from './headers.ts';
import type { HttpEngine, HttpListenOptions, HttpReply, HttpRequest, HttpServer } from './http.ts';
import { AddressInUseError } from './listen-error.ts';

const HEADERS_MS_MAX = 30_000;
const KEEP_ALIVE_MS = 75_000;

/** The engine that works everywhere Node does. */
export const nodeHttpEngine: HttpEngine = { name: 'node-http', listen };

async function listen(options: HttpListenOptions): Promise<HttpServer> {
  const active = new Set<NodeReply>();
  const server = createServer({
    maxHeaderSize: LIMITS.headerBytesMax,
    headersTimeout: HEADERS_MS_MAX,
    // A whole request may be 32 MiB on a slow line; the minimum pace is the client's business.
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    insecureHTTPParser: false,
    noDelay: true,
    rejectNonStandardBodyWrites: false,
  });
  server.maxHeadersCount = LIMITS.headersMax + 1; // one more, so that the guard sees the excess
  server.maxConnections = LIMITS.connectionsMax;
  const serve = (incoming: IncomingMessage, response: ServerResponse): void => {
    handle(incoming, response, { options, active, isDraining: () => !server.listening });
  };
  server.on('request', serve);
  server.on('checkContinue', serve);
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
  });
  server.listen({ host: options.host, port: options.port, exclusive: true });
  await Promise.race([
    once(server, 'listening'),
    once(server, 'error').then(([error]) => Promise.reject(listenError(error, options))),
  ]);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    port,
    get activeRequests() {
      return active.size;
    },
    stopAccepting() {
      server.close();
      server.closeIdleConnections();
    },
    [Symbol.asyncDispose]: () => dispose(server),
  };
}

async function dispose(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

function listenError(error: unknown, { host, port }: HttpListenOptions): unknown {
  const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  return isTaken ? new AddressInUseError(host, port) : error;
}

interface HandleState {
  readonly options: HttpListenOptions;
  readonly active: Set<NodeReply>;
  isDraining(): boolean;
}

function handle(incoming: IncomingMessage, response: ServerResponse, state: HandleState): void {
  const reply = new NodeReply(incoming, response, state.isDraining());
  state.active.add(reply);
  response.once('close', () => {
    state.active.delete(reply);
    reply.closed();
  });
  const headers = headerPairs(incoming.rawHeaders);
  const target = incoming.url ?? '/';
  const method = incoming.method ?? 'GET';
  const refusal = guard({ method, target, headers });
  if (refusal !== null) {
    const answer = refusalAnswer(refusal);
    reply.send(answer.status, [...answer.headers, ['connection', 'close']], answer.body);
    return;
  }
  const request = new NodeRequest(incoming, { method, target, headers, response });
  try {
    const promise = state.options.handler(request, reply);
    promise?.catch((error: unknown) => answerHandlerFailure(reply, error));
  } catch (error) {
    answerHandlerFailure(reply, error);
  }
}

function headerPairs(raw: readonly string[]): readonly HeaderPair[] {
  const pairs: HeaderPair[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    pairs.push([(raw[index] ?? '').toLowerCase(), raw[index + 1] ?? '']);
  }
  return pairs;
}

class NodeRequest implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: readonly HeaderPair[];
  readonly #incoming: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(
    incoming: IncomingMessage,
    options: {
      method: string;
      target: string;
      headers: readonly HeaderPair[];
      response: ServerResponse;
    },
  ) {
    const { target } = options;
    const mark = target.indexOf('?');
    this.#incoming = incoming;
    this.#response = options.response;
    this.method = options.method;
    this.path = mark === -1 ? target : target.slice(0, mark);
    this.query = mark === -1 ? '' : target.slice(mark + 1);
    this.headers = options.headers;
  }

  header(name: string): string | undefined {
    return firstHeader(this.headers, name);
  }

  body(bytesMax: number): Promise<Uint8Array> {
    const announced = Number(this.header('content-length') ?? '0');
    if (announced > bytesMax) return Promise.reject(tooLarge(bytesMax));
    if (this.header('expect') !== undefined) this.#response.writeContinue();
    return new Promise((resolve, reject) => {
      const body = Buffer.allocUnsafe(announced);
      let size = 0;
      this.#incoming.on('data', (piece: Buffer) => {
        piece.copy(body, size);
        size += piece.length;
      });
      this.#incoming.once('end', () => resolve(body));
      this.#incoming.once('close', () => {
        if (size < announced) reject(new GatewayError('invalid_request_error', 'the body was cut'));
      });
      this.#incoming.once('error', reject);
    });
  }
}

function tooLarge(bytesMax: number): GatewayError {
  return new GatewayError(
    'request_too_large',
    `Request exceeds the maximum allowed number of bytes: ${bytesMax}`,
  );
}

class NodeReply implements HttpReply {
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
