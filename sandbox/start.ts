import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LIMITS } from '../config/limits.ts';
import { errorBody } from '../schemas/error.ts';
import { PROVIDER_IDS, type ProviderId } from '../schemas/provider.ts';
import { type BehaviourSpec, createControl, type SandboxControl } from './control.ts';
import { CONTROL_PREFIX, serveControl } from './control-http.ts';
import type { Route } from './dialect.ts';
import { headerOf, serveExchange } from './exchange.ts';
import { dialects } from './registry.ts';
import { SANDBOX_LIMITS } from './sandbox-limits.ts';
import { createState, type SandboxState } from './state.ts';

/** Where and how a sandbox starts. */
export interface SandboxOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** The same seed and the same requests in the same order give the same bytes. Default 1. */
  readonly seed?: number;
  readonly behaviours?: Partial<Record<ProviderId, BehaviourSpec>>;
  /** Unix milliseconds; for limits, caches and records. */
  readonly nowMs?: () => number;
}

/** A running stand-in for the providers' HTTP APIs. Disposing it closes every connection. */
export interface Sandbox extends AsyncDisposable {
  /** Scheme, host and port: the base address of every provider. */
  readonly url: string;
  readonly port: number;
  readonly control: SandboxControl;
}

const KEEP_ALIVE_MS = 120_000;

/** Starts the sandbox: one port, and the path tells the provider. Rejects with an Error naming the port when it is taken. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { host, seed = 1, behaviours = {}, nowMs = Date.now } = options;
  const state = createState(seed, nowMs);
  for (const provider of PROVIDER_IDS) {
    const behaviour = behaviours[provider];
    if (behaviour !== undefined) state.book.set(provider, behaviour);
  }
  const server = createServer({ maxHeaderSize: LIMITS.upstreamHeaderBytesMax });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.maxConnections = SANDBOX_LIMITS.connectionsMax;
  await listen(server, host, options.port);
  const { port } = server.address() as AddressInfo; // a TCP server that listens
  const control = createControl({
    book: state.book,
    recorder: state.recorder,
    reset: () => state.reset(),
    refuseConnections: () => close(server),
    acceptConnections: () => (server.listening ? Promise.resolve() : listen(server, host, port)),
  });
  server.on('request', (request, response) => serve({ state, control }, request, response));
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    control,
    async [Symbol.asyncDispose]() {
      await close(server);
      state.recorder.close();
    },
  };
}

function serve(
  { state, control }: { state: SandboxState; control: SandboxControl },
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const [path = '', query = ''] = splitOnce(request.url ?? '/', '?');
  if (path === CONTROL_PREFIX || path.startsWith(`${CONTROL_PREFIX}/`)) {
    serveControl({ control, path, query, request, response }).catch((error: unknown) => {
      fail(response, error);
    });
    return;
  }
  for (const dialect of dialects) {
    const { method = '' } = request;
    const header = (name: string): string | undefined => headerOf(request, name);
    const route = routeOf(() => dialect.route({ method, path, header }));
    if (route === null) continue;
    serveExchange(state, { dialect, route, path, query, request, response }).catch(
      (error: unknown) => fail(response, error),
    );
    return;
  }
  request.resume();
  if (request.method === 'HEAD') response.writeHead(200).end();
  else answerError(response, 404, { type: 'not_found_error', message: 'Not found' });
}

function routeOf(route: () => Route | null): Route | null {
  try {
    return route();
  } catch (error) {
    if (error instanceof URIError) return null; // a path with a broken percent escape is nobody's
    throw error;
  }
}

// A fault of the sandbox itself must be seen in the test that met it.
function fail(response: ServerResponse, error: unknown): void {
  const message = `the sandbox failed: ${error instanceof Error ? (error.stack ?? error.message) : error}`;
  if (response.headersSent) response.destroy(new Error(message));
  else answerError(response, 500, { type: 'api_error', message });
}

function answerError(
  response: ServerResponse,
  status: number,
  { type, message }: { type: string; message: string },
): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(errorBody(type, message, 'req_sandbox'));
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen({ host, port, backlog: 1_024 });
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new Error(`the sandbox cannot listen on ${host}:${port}`, { cause });
  }
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
