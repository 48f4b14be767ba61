import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it reached the scripted upstream. */
export interface UpstreamHit {
  readonly method: string;
  readonly path: string;
  /** Names as they were sent, in order. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  /** The first header of this name, in lower case. */
  header(name: string): string | undefined;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
}

/** Answers one request; `response` is Node's own, its `socket` allows any fault. */
export type UpstreamScript = (hit: UpstreamHit, response: ServerResponse) => void | Promise<void>;

/** A real HTTP server on loopback that does what its script says. */
export interface ScriptedUpstream extends AsyncDisposable {
  readonly origin: string;
  readonly hits: readonly UpstreamHit[];
  /** Resolves with the n-th request (from 0) once its body is in. */
  hit(index: number): Promise<UpstreamHit>;
}

/** Starts a scripted upstream on a free port. */
export async function startUpstream(script: UpstreamScript): Promise<ScriptedUpstream> {
  const hits: UpstreamHit[] = [];
  const waiting = new Map<number, (hit: UpstreamHit) => void>();
  const server = createServer((request, response) => {
    void (async () => {
      const hit = await readHit(request);
      const index = hits.push(hit) - 1;
      waiting.get(index)?.(hit);
      await script(hit, response);
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server's address is never a string
  return {
    origin: `http://127.0.0.1:${port}`,
    hits,
    hit: (index) => {
      const known = hits[index];
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve) => waiting.set(index, resolve));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function readHit(request: IncomingMessage): Promise<UpstreamHit> {
  const { socket } = request;
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  const headers: [string, string][] = [];
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    headers.push([request.rawHeaders[at] ?? '', request.rawHeaders[at + 1] ?? '']);
  }
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers,
    body: Buffer.concat(pieces),
    closed,
    header: (name) => headers.find(([sent]) => sent.toLowerCase() === name)?.[1],
  };
}
