import type { HeaderPair } from '../../schemas/envelope.ts';

/** One HTTP request, after the guard. Values are copies: they stay valid across awaits. */
export interface HttpRequest {
  /** Upper case. */
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Without the `?`; empty when there is none. */
  readonly query: string;
  /** Names in lower case, in the order they came. */
  readonly headers: readonly HeaderPair[];
  /** Gives the headers away: the answer may take minutes and needs them no more. `headers` is empty from then on. */
  takeHeaders(): readonly HeaderPair[];
  /** The first header of this name (lower case). */
  header(name: string): string | undefined;
  /** Where the client's socket comes from, as an IP address. To be asked before the handler first awaits. */
  remoteAddress(): string;
  /**
   * The whole body. Rejects with GatewayError `request_too_large` from the Content-Length, before a byte is
   * buffered, or when more arrives than was announced.
   */
  body(bytesMax: number): Promise<Uint8Array>;
}

/**
 * The answer to one request. Every method is safe after the client has gone: it then does nothing.
 *
 * Either `send` alone, or `start`, `write`*, then `finish` or `cut`.
 */
export interface HttpReply {
  /** True once the client closed the connection. */
  readonly isAborted: boolean;
  /** True once `start` or `send` was called. */
  readonly isStarted: boolean;
  /** Called once, at once when the client closes; or right away when it already has. */
  onAbort(listener: () => void): void;
  /** A whole answer with its length. For HEAD the body is left out. */
  send(status: number, headers: readonly HeaderPair[], body: string | Uint8Array): void;
  /** Status line and headers of a streamed answer. They leave with the first write. */
  start(status: number, headers: readonly HeaderPair[]): void;
  /** Returns false when the socket is full: go on after `onDrain`. The bytes are copied or sent before it returns. */
  write(bytes: Uint8Array): boolean;
  /** True while bytes that were written wait in user space. */
  readonly isBackedUp: boolean;
  /** Called each time the socket has taken everything written so far. One listener. */
  onDrain(listener: () => void): void;
  /** Ends a streamed answer well. */
  finish(): void;
  /** Closes the connection at once, so that the client sees the answer was cut. */
  cut(): void;
}

/** Answers a request. A throw or a rejection becomes a 500 in Anthropic's shape. */
export type HttpHandler = (request: HttpRequest, reply: HttpReply) => void | Promise<void>;

/** Where and what to serve. */
export interface HttpListenOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly handler: HttpHandler;
  /** Told of a handler's throw or rejection, which the client sees as a 500. */
  onHandlerFailure(error: unknown): void;
}

/** A listening server. Disposing it closes every connection. */
export interface HttpServer extends AsyncDisposable {
  readonly port: number;
  /** Open connections with a request under way. */
  readonly activeRequests: number;
  /** Stops accepting connections; requests under way go on, idle connections close. */
  stopAccepting(): void;
}

/** One HTTP implementation. */
export interface HttpEngine {
  readonly name: 'uwebsockets' | 'node-http';
  /** Rejects with a clear one-line Error naming the port when the address is taken. */
  listen(options: HttpListenOptions): Promise<HttpServer>;
}
