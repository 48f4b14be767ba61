import type { HttpResponse } from 'uWebSockets.js';
import type { HeaderPair } from '../../schemas/envelope.ts';
import { GatewayError } from '../../schemas/error.ts';
import { firstHeader } from './headers.ts';
import type { HttpRequest } from './http.ts';
import type { UwsReply } from './uwebsockets-reply.ts';

const NO_BYTES = Buffer.alloc(0);

/** A request of uWebSockets.js. Its body must be asked for before the handler first awaits. */
export class UwsRequest implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  headers: readonly HeaderPair[];
  readonly #response: HttpResponse;
  readonly #reply: UwsReply;

  constructor(
    response: HttpResponse,
    options: {
      method: string;
      path: string;
      query: string;
      headers: readonly HeaderPair[];
      reply: UwsReply;
    },
  ) {
    this.#response = response;
    this.#reply = options.reply;
    this.method = options.method;
    this.path = options.path;
    this.query = options.query;
    this.headers = options.headers;
  }

  takeHeaders(): readonly HeaderPair[] {
    const { headers } = this;
    this.headers = [];
    return headers;
  }

  header(name: string): string | undefined {
    return firstHeader(this.headers, name);
  }

  remoteAddress(): string {
    if (this.#reply.isAborted) return '';
    return Buffer.from(this.#response.getRemoteAddressAsText()).toString('latin1');
  }

  body(bytesMax: number): Promise<Uint8Array> {
    const announced = Number(this.header('content-length') ?? '0');
    if (announced > bytesMax) {
      this.#reply.refuseBody();
      return Promise.reject(
        new GatewayError(
          'request_too_large',
          `Request exceeds the maximum allowed number of bytes: ${bytesMax}`,
        ),
      );
    }
    return new Promise((resolve, reject) => {
      // Let go of at the end: the native side keeps the listener as long as the answer takes.
      let body = Buffer.allocUnsafe(announced);
      let size = 0;
      this.#reply.onAbort(() => {
        reject(new GatewayError('invalid_request_error', 'the body was cut'));
      });
      this.#response.onData((piece, isLast) => {
        // The native side takes the memory back when this returns.
        body.set(new Uint8Array(piece), size);
        size += piece.byteLength;
        if (!isLast) return;
        resolve(size === announced ? body : body.subarray(0, size));
        body = NO_BYTES;
      });
    });
  }
}
