/**
 * The floor of every comparison: a bare passthrough in one process, uWebSockets.js (or node:http where it does not
 * load) to undici, headers both ways. No routing, no checks, no ledger: what any proxy must spend.
 */

import type { HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { loadUWebSockets } from '../ingress/http/uwebsockets-loader.ts';

const { values } = parseArgs({
  options: { upstream: { type: 'string' }, port: { type: 'string' }, engine: { type: 'string' } },
});
const pool = new Pool(values.upstream ?? '', { connections: 2_048, pipelining: 1 });
const port: number = Number(values.port);

type Headers = Readonly<Record<string, string | string[] | undefined>>;
type Sink = {
  start(status: number, headers: Headers): void;
  data(chunk: Buffer): void;
  end(): void;
};

/** Returns the function that ends the upstream's answer: its client has left. */
function forward(
  path: string,
  headers: Record<string, string>,
  body: Buffer,
  sink: Sink,
): () => void {
  let abort = (): void => {};
  pool.dispatch(
    { method: 'POST', path, headers, body },
    {
      onRequestStart(controller) {
        abort = () => controller.abort(new Error('the client left'));
      },
      onResponseStart(_controller, status, responseHeaders) {
        sink.start(status, responseHeaders);
      },
      onResponseData(_controller, chunk) {
        sink.data(chunk);
      },
      onResponseEnd() {
        sink.end();
      },
      onResponseError() {
        sink.end();
      },
    },
  );
  return () => abort();
}

function kept(name: string): boolean {
  return !['host', 'connection', 'content-length', 'transfer-encoding'].includes(name);
}

function serveUws(app: TemplatedApp): void {
  app.post('/*', (response, request) => {
    const headers: Record<string, string> = {};
    request.forEach((name, value) => {
      if (kept(name)) headers[name] = value;
    });
    const path = `${request.getUrl()}?${request.getQuery()}`;
    const pieces: Buffer[] = [];
    let isAborted = false;
    let abort = (): void => {};
    response.onAborted(() => {
      isAborted = true;
      abort();
    });
    response.onData((piece, isLast) => {
      pieces.push(Buffer.from(piece.slice(0)));
      if (!isLast) return;
      abort = forward(
        path,
        headers,
        Buffer.concat(pieces),
        uwsSink(response, () => isAborted),
      );
    });
  });
  app.listen('127.0.0.1', port, () => void process.stdout.write('ready uwebsockets\n'));
}

function uwsSink(response: HttpResponse, isAborted: () => boolean): Sink {
  let head: { status: string; headers: Headers } | null = null;
  return {
    start(status, headers) {
      head = { status: `${status}`, headers };
    },
    data(chunk) {
      if (isAborted()) return;
      response.cork(() => {
        if (head !== null) writeHead(response, head);
        head = null;
        response.write(chunk);
      });
    },
    end() {
      if (!isAborted()) response.cork(() => response.end());
    },
  };
}

// Clients need the upstream's headers: rate limits, request ids, retry-after.
function writeHead(response: HttpResponse, head: { status: string; headers: Headers }): void {
  response.writeStatus(head.status);
  for (const [name, value] of Object.entries(passed(head.headers))) {
    response.writeHeader(name, value);
  }
}

function passed(headers: Headers): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && kept(name)) result[name] = String(value);
  }
  return result;
}

function serveNode(): void {
  const server = createServer((request, response) => {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.headers)) {
      if (kept(name)) headers[name] = String(value);
    }
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const abort = forward(request.url ?? '/', headers, Buffer.concat(pieces), {
        start: (status, responseHeaders) => response.writeHead(status, passed(responseHeaders)),
        data: (chunk) => response.write(chunk),
        end: () => response.end(),
      });
      response.on('close', abort);
    });
  });
  server.listen(port, '127.0.0.1', () => process.stdout.write('ready node-http\n'));
}

const loaded = values.engine === 'node-http' ? null : (await loadUWebSockets()).module;
if (loaded === null) serveNode();
else serveUws(loaded.App());
