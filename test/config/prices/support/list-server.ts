/** A server of a published list, and waiting that a test ends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { createLatch, type Latch, within } from '../../../support/latch.ts';

/** Answers one request. */
export type Answer = (reply: ServerResponse, headers: IncomingHttpHeaders) => void;

/** A server on loopback. */
export interface ListServer extends AsyncDisposable {
  readonly url: string;
  /** `if-none-match` of each request so far, or null. */
  readonly asked: (string | null)[];
  /** What follows; the last answer stays. */
  answer: Answer;
}

/** Starts a server that answers as it is told. */
export async function startListServer(answer: Answer): Promise<ListServer> {
  const server = createServer((request, reply) => {
    self.asked.push(request.headers['if-none-match'] ?? null);
    self.answer(reply, request.headers);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const self: ListServer = {
    url: `http://127.0.0.1:${address.port}/prices/data.json`,
    asked: [],
    answer,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return self;
}

/** Serves an edition under a name, and 304 to who has it. */
export function serving(edition: unknown, etag: string): Answer {
  return (reply, headers) => {
    reply.setHeader('etag', etag);
    if (headers['if-none-match'] === etag) reply.writeHead(304).end();
    else reply.end(JSON.stringify(edition));
  };
}

/** In place of a clock's waiting. */
export interface ManualWait {
  readonly wait: (waitMs: number, signal: AbortSignal) => Promise<void>;
  /** Resolves with the milliseconds of the wait that is under way, as soon as one is. */
  asked(): Promise<number>;
  /** Ends it. */
  end(): void;
  /** Ends it, and resolves with those of the next one. */
  pass(): Promise<number>;
}

/** Creates waiting that lasts until it is ended. */
export function manualWait(): ManualWait {
  let started: Latch<number> = createLatch<number>();
  let end = (): void => {};
  const asked = (): Promise<number> => within(started.opened, 'nothing waits');
  return {
    wait(waitMs, signal) {
      const { promise, resolve } = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => resolve(), { once: true });
      end = resolve;
      started.open(waitMs);
      return promise;
    },
    asked,
    end: () => end(),
    async pass() {
      await asked();
      started = createLatch<number>();
      end();
      return await asked();
    },
  };
}
