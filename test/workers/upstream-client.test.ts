import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { LIMITS } from '../../config/limits.ts';
import type { UpstreamRequest } from '../../workers/provider.ts';
import {
  createUpstreamClient,
  type UpstreamClientOptions,
  type UpstreamFailure,
} from '../../workers/upstream-client.ts';
import { startUpstream } from '../support/upstream.ts';

/** Node reads this much of a socket at once. */
const SOCKET_READ_BYTES = 65_536;

function requestTo(origin: string, overrides: Partial<UpstreamRequest> = {}): UpstreamRequest {
  const body = [Buffer.from('{}')];
  return { origin, path: '/v1/messages', headers: [], body, upstreamModel: 'm', ...overrides };
}

async function call(
  request: UpstreamRequest,
  options: UpstreamClientOptions & { firstByteMs?: number } = {},
): Promise<{ status: number | null; text: string; failure: UpstreamFailure | null }> {
  await using client = createUpstreamClient(options);
  return await new Promise((resolve) => {
    let status: number | null = null;
    let text = '';
    client.send(
      request,
      {
        onResponse: (given) => {
          status = given;
        },
        onData: (bytes) => {
          text += bytes.toString();
        },
        onEnd: () => resolve({ status, text, failure: null }),
        onFailure: (failure) => resolve({ status, text, failure }),
      },
      { firstByteMs: options.firstByteMs ?? 5_000 },
    );
  });
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port; // a TCP server's address is never a string
}

describe('a call', () => {
  it('reuses connections', async () => {
    const sockets = new Set<unknown>();
    await using upstream = await startUpstream((_hit, response) => {
      sockets.add(response.socket);
      response.end('ok');
    });
    await using client = createUpstreamClient();
    for (let turn = 0; turn < 6; turn++) {
      await new Promise<void>((resolve, reject) =>
        client.send(
          requestTo(upstream.origin),
          {
            onResponse: () => undefined,
            onData: () => undefined,
            onEnd: resolve,
            onFailure: ({ code }) => reject(new Error(code)),
          },
          { firstByteMs: 5_000 },
        ),
      );
    }
    // A call that starts while the last one still ends takes a second connection, and no more.
    assert.ok(sockets.size <= 2);
  });

  it('leaves in the kernel what is not wanted yet, however often it is paused', async () => {
    const { promise: connected, resolve: onConnected } = Promise.withResolvers<Socket>();
    const listen = (message: unknown): void => onConnected((message as { socket: Socket }).socket);
    subscribe('undici:client:connected', listen);
    await using upstream = await startUpstream((_hit, response) => {
      const event = Buffer.alloc(2_000, 'x');
      const fill = (): void => {
        while (!response.destroyed && response.write(event));
      };
      response.on('drain', fill);
      fill();
    });
    await using client = createUpstreamClient();
    const { promise: taken, resolve: onTaken } = Promise.withResolvers<void>();
    let pauses = 0;
    let bytesSincePause = 0;
    const call = client.send(
      requestTo(upstream.origin),
      {
        onResponse: () => undefined,
        onData: (bytes) => {
          bytesSincePause += bytes.length;
          if (bytesSincePause < 8_000) return;
          bytesSincePause = 0;
          pauses += 1;
          call.pause();
          if (pauses === 200) onTaken();
          else setImmediate(() => call.resume());
        },
        onEnd: () => assert.fail('it never ends'),
        onFailure: () => undefined,
      },
      { firstByteMs: 5_000 },
    );
    const socket = await connected;
    unsubscribe('undici:client:connected', listen);
    await taken;
    const unread = socket.readableLength;
    call.abort();
    const unreadMax = LIMITS.upstreamUnreadBytesMax + SOCKET_READ_BYTES;
    assert.ok(unread <= unreadMax, `${unread} bytes are unread`);
  });

  for (const framing of ['chunked', 'content-length', 'until-close'] as const) {
    it(`loses and repeats no byte of a ${framing} body, however often it is paused`, async () => {
      const sent = randomBytes(3_000_000);
      await using upstream = await startUpstream((_hit, response) => {
        if (framing === 'content-length') response.setHeader('content-length', sent.length);
        if (framing === 'until-close') {
          response.useChunkedEncodingByDefault = false;
          response.setHeader('connection', 'close');
        }
        response.flushHeaders();
        response.end(sent);
      });
      await using client = createUpstreamClient();
      const pieces: Buffer[] = [];
      await new Promise<void>((resolve, reject) => {
        const call = client.send(
          requestTo(upstream.origin),
          {
            onResponse: (_status, headers) => {
              const names = headers.map(([name]) => name);
              const isFramed = ['content-length', 'transfer-encoding'].some((name) =>
                names.includes(name),
              );
              assert.equal(isFramed, framing !== 'until-close');
            },
            onData: (bytes) => {
              pieces.push(bytes);
              if (pieces.length % 3 !== 0) return;
              call.pause();
              setImmediate(() => call.resume());
            },
            onEnd: resolve,
            onFailure: ({ code }) => reject(new Error(code)),
          },
          { firstByteMs: 5_000 },
        );
      });
      assert.ok(Buffer.concat(pieces).equals(sent));
    });
  }

  it('sends headers in their order, repeated ones too', async () => {
    await using upstream = await startUpstream((_hit, response) => void response.end('ok'));
    const headers = [
      ['x-b', '1'],
      ['x-a', '2'],
      ['x-b', '3'],
    ] as const;
    await call(requestTo(upstream.origin, { headers }));
    const sent = upstream.hits[0]?.headers.filter(([name]) => name.startsWith('x-'));
    assert.deepEqual(sent, headers);
  });

  it('reports an impossible header instead of throwing', async () => {
    await using upstream = await startUpstream((_hit, response) => void response.end('ok'));
    const { failure } = await call(
      requestTo(upstream.origin, { headers: [['x-a', 'line\nfeed']] }),
    );
    assert.deepEqual([failure?.code, failure?.isRequestSent], ['UND_ERR_INVALID_ARG', false]);
    assert.equal(upstream.hits.length, 0);
  });

  it('reports an impossible address instead of throwing', async () => {
    const { failure } = await call(requestTo('no address'));
    assert.equal(failure?.kind, 'unreachable');
  });
});

describe('a connection that fails before the request left', () => {
  it('is tried once more', async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.resetAndDestroy();
    });
    const port = await listening(server);
    const { failure } = await call(requestTo(`https://127.0.0.1:${port}`));
    server.close();
    assert.equal(connections, 2);
    assert.deepEqual([failure?.kind, failure?.isRequestSent], ['unreachable', false]);
  });

  it('is not tried again when TLS itself says no', async () => {
    let connections = 0;
    const server = createTlsServer({}); // without a certificate every handshake fails
    server.on('tlsClientError', () => undefined);
    server.on('connection', () => {
      connections += 1;
    });
    const port = await listening(server);
    const { failure } = await call(requestTo(`https://127.0.0.1:${port}`));
    server.close();
    assert.equal(connections, 1);
    assert.equal(failure?.kind, 'unreachable');
  });

  it('is given up after the connect time', async () => {
    // A server that takes the connection and never speaks TLS.
    const server = createServer((socket) => socket.on('error', () => undefined));
    const port = await listening(server);
    const { failure } = await call(requestTo(`https://127.0.0.1:${port}`), { connectMs: 100 });
    server.close();
    assert.equal(failure?.code, 'UND_ERR_CONNECT_TIMEOUT');
  });

  it('stays within the time to the first byte', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined));
    const port = await listening(server);
    const { failure } = await call(requestTo(`https://127.0.0.1:${port}`), {
      firstByteMs: 50,
      connectMs: 500,
    });
    server.close();
    assert.deepEqual([failure?.kind, failure?.isRequestSent], ['timeout', false]);
  });
});
