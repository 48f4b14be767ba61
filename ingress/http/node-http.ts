import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { LIMITS } from '../../config/limits.ts';
import type { HeaderPair } from '../../schemas/envelope.ts';
import { answerHandlerFailure, refusalAnswer } from './failures.ts';
import { guard } from './guard.ts';
import type { HttpEngine, HttpListenOptions, HttpServer } from './http.ts';
import { AddressInUseError } from './listen-error.ts';
import { NodeReply } from './node-http-reply.ts';
import { NodeRequest } from './node-http-request.ts';

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
  const fail = (error: unknown): void => {
    state.options.onHandlerFailure(error);
    answerHandlerFailure(reply);
  };
  try {
    const promise = state.options.handler(request, reply);
    promise?.catch(fail);
  } catch (error) {
    fail(error);
  }
}

function headerPairs(raw: readonly string[]): readonly HeaderPair[] {
  const pairs: HeaderPair[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    pairs.push([(raw[index] ?? '').toLowerCase(), raw[index + 1] ?? '']);
  }
  return pairs;
}
