import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HeaderPair } from '../../schemas/envelope.ts';
import { GatewayError } from '../../schemas/error.ts';
import { firstHeader } from './headers.ts';
import type { HttpRequest } from './http.ts';

/** A request of node:http. */
export class NodeRequest implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  headers: readonly HeaderPair[];
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

  takeHeaders(): readonly HeaderPair[] {
    const { headers } = this;
    this.headers = [];
    return headers;
  }

  header(name: string): string | undefined {
    return firstHeader(this.headers, name);
  }

  remoteAddress(): string {
    return this.#incoming.socket.remoteAddress ?? '';
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
