import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import type { HttpEngine, HttpHandler, HttpServer } from '../../../ingress/http/http.ts';
import { nodeHttpEngine } from '../../../ingress/http/node-http.ts';
import { createUWebSocketsEngine } from '../../../ingress/http/uwebsockets.ts';
import { loadUWebSockets } from '../../../ingress/http/uwebsockets-loader.ts';

// One suite over both engines: what the gateway relies on, whichever of them runs.

const loaded = await loadUWebSockets();
const engines: { name: string; engine: HttpEngine | null }[] = [
  { name: 'node-http', engine: nodeHttpEngine },
  {
    name: 'uwebsockets',
    engine: loaded.module === null ? null : createUWebSocketsEngine(loaded.module),
  },
];

const BODY_BYTES_MAX = 33_554_432;
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

function call(
  server: HttpServer,
  options: { method?: string; path?: string; headers?: Record<string, string>; body?: Buffer },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'POST', path = '/', headers = {}, body } = options;
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    const outgoing = request({
      host: '127.0.0.1',
      port: server.port,
      method,
      path,
      headers: { ...headers, ...length },
      agent: new Agent({ keepAlive: false }),
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(pieces),
        }),
      );
    });
    outgoing.end(body);
  });
}

/** Sends raw bytes and returns everything that comes back until the connection closes. */
async function raw(server: HttpServer, bytes: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  const pieces: Buffer[] = [];
  socket.on('data', (piece: Buffer) => pieces.push(piece));
  socket.on('error', () => {}); // a reset is an answer too
  socket.end(bytes);
  await once(socket, 'close');
  return Buffer.concat(pieces).toString('latin1');
}

const echo: HttpHandler = async (incoming, reply) => {
  const body = await incoming.body(BODY_BYTES_MAX);
  reply.send(200, [['content-type', 'text/plain']], digest(body));
};

for (const { name, engine } of engines) {
  describe(`engine ${name}`, { skip: engine === null ? loaded.how : false }, () => {
    const failures: unknown[] = [];
    const onHandlerFailure = (error: unknown): void => void failures.push(error);
    const listen = (handler: HttpHandler): Promise<HttpServer> => {
      assert.ok(engine);
      return engine.listen({ host: '127.0.0.1', port: 0, handler, onHandlerFailure });
    };

    test('bodies of every size arrive as they were sent', async () => {
      await using server = await listen(echo);
      for (const size of [0, 1, 100, 16_384, 65_537, 1_000_000]) {
        const body = randomBytes(size);
        const answer = await call(server, { body });
        assert.equal(answer.body.toString(), digest(body), `${size} bytes`);
      }
      for (let round = 0; round < 100; round += 1) {
        const body = randomBytes(Math.floor(Math.random() * 5_000));
        assert.equal((await call(server, { body })).body.toString(), digest(body));
      }
    });

    test('32 MiB are taken, one byte more is 413 and never buffered', async () => {
      let taken = 0;
      await using server = await listen(async (incoming, reply) => {
        try {
          const body = await incoming.body(BODY_BYTES_MAX);
          taken += 1;
          reply.send(200, [], digest(body));
        } catch (error) {
          reply.send(413, [], (error as Error).message);
        }
      });
      const whole = randomBytes(BODY_BYTES_MAX);
      assert.equal((await call(server, { body: whole })).body.toString(), digest(whole));
      const tooLarge = await call(server, { body: Buffer.alloc(BODY_BYTES_MAX + 1) });
      assert.equal(tooLarge.status, 413);
      assert.equal(taken, 1);
    });

    test('method, path, query and headers are handed over', async () => {
      const seen: unknown[] = [];
      await using server = await listen((incoming, reply) => {
        const { method, path, query } = incoming;
        seen.push({ method, path, query, beta: incoming.header('anthropic-beta') });
        reply.send(204, [], '');
      });
      const headers = { 'Anthropic-Beta': 'a,b' };
      await call(server, { method: 'GET', path: '/v1/models?limit=3&x=%20', headers });
      assert.deepEqual(seen, [
        { method: 'GET', path: '/v1/models', query: 'limit=3&x=%20', beta: 'a,b' },
      ]);
    });

    test('the address of the client’s socket is told', async () => {
      await using server = await listen((incoming, reply) => {
        reply.send(200, [], incoming.remoteAddress());
      });
      const answer = await call(server, { method: 'GET' });
      assert.match(answer.body.toString(), /^(?:::ffff:)?127\.0\.0\.1$/);
    });

    test('HEAD gets no body', async () => {
      await using server = await listen((_incoming, reply) => reply.send(200, [], 'text'));
      const answer = await call(server, { method: 'HEAD' });
      assert.equal(answer.status, 200);
      assert.equal(answer.body.length, 0);
    });

    test('a streamed answer arrives whole and in order', async () => {
      const pieces = Array.from({ length: 500 }, (_, index) => Buffer.from(`${index};`));
      await using server = await listen(async (_incoming, reply) => {
        reply.start(200, [['content-type', 'text/event-stream']]);
        for (const [index, piece] of pieces.entries()) {
          reply.write(piece);
          if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        reply.finish();
      });
      const answer = await call(server, { body: Buffer.from('{}') });
      assert.equal(answer.headers['content-type'], 'text/event-stream');
      assert.deepEqual(answer.body, Buffer.concat(pieces));
    });

    test('a paused reader backs the writer up, and nothing is lost when it goes on', async () => {
      const sent: Buffer[] = [];
      const backedUp = Promise.withResolvers<void>();
      await using server = await listen(async (_incoming, reply) => {
        reply.start(200, []);
        let wake = (): void => {};
        reply.onDrain(() => wake());
        for (let round = 0; round < 600; round += 1) {
          const piece = randomBytes(20_000);
          sent.push(piece);
          reply.write(piece);
          await new Promise((resolve) => setImmediate(resolve));
          while (reply.isBackedUp) {
            backedUp.resolve();
            await new Promise<void>((resolve) => {
              wake = resolve;
              if (!reply.isBackedUp) resolve();
            });
          }
        }
        reply.finish();
      });
      const outgoing = request({ host: '127.0.0.1', port: server.port, method: 'GET' });
      outgoing.end();
      const [response] = await once(outgoing, 'response');
      response.pause();
      await backedUp.promise;
      const received: Buffer[] = [];
      for await (const piece of response) received.push(piece);
      assert.equal(digest(Buffer.concat(received)), digest(Buffer.concat(sent)));
    });

    test('a client that hangs up is told once, at once', async () => {
      const aborted = Promise.withResolvers<void>();
      let calls = 0;
      await using server = await listen((_incoming, reply) => {
        reply.onAbort(() => {
          calls += 1;
          aborted.resolve();
        });
        reply.start(200, []);
        reply.write(Buffer.from('x'));
      });
      const outgoing = request({ host: '127.0.0.1', port: server.port, method: 'GET' });
      outgoing.on('error', () => {}); // we hang up
      outgoing.end();
      await once(outgoing, 'response');
      outgoing.destroy();
      await aborted.promise;
      assert.equal(calls, 1);
    });

    test('writes after the client left do nothing', async () => {
      const done = Promise.withResolvers<void>();
      await using server = await listen((_incoming, reply) => {
        reply.start(200, []);
        reply.write(Buffer.from('x'));
        reply.onAbort(() => {
          reply.write(Buffer.from('y'));
          reply.finish();
          reply.cut();
          assert.equal(reply.isAborted, true);
          done.resolve();
        });
      });
      const outgoing = request({ host: '127.0.0.1', port: server.port, method: 'GET' });
      outgoing.on('error', () => {}); // we hang up
      outgoing.end();
      await once(outgoing, 'response');
      outgoing.destroy();
      await done.promise;
    });

    test('a handler that throws or rejects answers 500 and the server lives', async () => {
      await using server = await listen((incoming) => {
        if (incoming.path === '/sync') throw new Error('sync');
        return Promise.reject(new Error('async'));
      });
      for (const path of ['/sync', '/async']) {
        const answer = await call(server, { method: 'GET', path });
        assert.equal(answer.status, 500);
        assert.equal(JSON.parse(answer.body.toString()).error.type, 'api_error');
        assert.match(String(answer.headers['request-id']), /^req_/);
      }
      assert.deepEqual(failures.map(String), ['Error: sync', 'Error: async']);
    });

    test('cut() ends a streamed answer so that the client sees it is not whole', async () => {
      await using server = await listen((_incoming, reply) => {
        reply.start(200, []);
        reply.write(Buffer.from('x'));
        setImmediate(() => reply.cut());
      });
      await assert.rejects(call(server, { method: 'GET' }));
    });

    test('a line break in a header value cannot end the header', async () => {
      await using server = await listen((_incoming, reply) =>
        reply.send(200, [['x-value', 'a\r\nx-injected: 1']], ''),
      );
      const answer = await call(server, { method: 'GET' });
      assert.equal(answer.headers['x-injected'], undefined);
    });

    test('smuggled requests are never dispatched', async () => {
      let smuggled = 0;
      await using server = await listen((incoming, reply) => {
        if (incoming.path === '/smuggled') smuggled += 1;
        reply.send(200, [], 'ok');
      });
      const inner = 'GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n';
      for (const head of [
        `content-length: 5\r\ncontent-length: ${inner.length}`,
        'content-length: 0\r\ntransfer-encoding: chunked',
        'transfer-encoding: xchunked',
        'transfer-encoding: chunked',
        'content-length: +5',
        'content-length: 0x5',
        'content-length: 5, 5',
        ': hidden\r\ncontent-length: 0',
        'content-length : 5',
      ]) {
        await raw(server, `POST / HTTP/1.1\r\nhost: x\r\n${head}\r\n\r\n${inner}`);
        assert.equal(smuggled, 0, head);
      }
    });

    test('a POST without length, or with the wrong type or encoding, is refused', async () => {
      await using server = await listen(echo);
      const missing = await raw(server, 'POST / HTTP/1.1\r\nhost: x\r\n\r\n');
      assert.doesNotMatch(missing, /^HTTP\/1\.1 200/);
      const wrongType = await call(server, {
        headers: { 'content-type': 'text/html' },
        body: Buffer.from('x'),
      });
      assert.equal(wrongType.status, 415);
      const encoded = await call(server, {
        headers: { 'content-encoding': 'gzip' },
        body: Buffer.from('x'),
      });
      assert.equal(encoded.status, 415);
      assert.match(encoded.body.toString(), /gzip/);
    });

    test('header floods are refused', async () => {
      await using server = await listen(echo);
      const many = Array.from({ length: 150 }, (_, index) => `x-${index}: 1\r\n`).join('');
      const answer = await raw(server, `GET / HTTP/1.1\r\nhost: x\r\n${many}\r\n`);
      assert.doesNotMatch(answer, /^HTTP\/1\.1 200/);
      const large = `x-large: ${'x'.repeat(40_000)}\r\n`;
      const second = await raw(server, `GET / HTTP/1.1\r\nhost: x\r\n${large}\r\n`);
      assert.doesNotMatch(second, /^HTTP\/1\.1 200/);
      const fine = { 'x-large': 'x'.repeat(12_000) };
      assert.equal((await call(server, { headers: fine, body: Buffer.from('{}') })).status, 200);
    });

    test('a port that is taken is refused with its number', async () => {
      await using server = await listen(echo);
      assert.ok(engine);
      await assert.rejects(
        engine.listen({ host: '127.0.0.1', port: server.port, handler: echo, onHandlerFailure }),
        (error: Error & { code?: string; port?: number }) =>
          error.code === 'EADDRINUSE' && error.port === server.port,
      );
    });

    test('stopAccepting() refuses new connections and lets requests finish', async () => {
      const release = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      await using server = await listen(async (_incoming, reply) => {
        begun.resolve();
        await release.promise;
        reply.send(200, [], 'late');
      });
      const running = call(server, { method: 'GET' });
      await begun.promise;
      server.stopAccepting();
      assert.equal(server.activeRequests, 1);
      await assert.rejects(call(server, { method: 'GET' }));
      release.resolve();
      assert.equal((await running).body.toString(), 'late');
      assert.equal(server.activeRequests, 0);
    });

    test('a body that is cut off rejects and leaves nothing behind', async () => {
      const rejected = Promise.withResolvers<unknown>();
      await using server = await listen(async (incoming) => {
        await incoming.body(BODY_BYTES_MAX).catch(rejected.resolve);
      });
      const socket = connect(server.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc');
      setImmediate(() => socket.destroy());
      assert.ok((await rejected.promise) instanceof Error);
    });
  });
}
