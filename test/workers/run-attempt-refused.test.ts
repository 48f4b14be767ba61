import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { startUpstream } from '../support/upstream.ts';
import { anthropicAt, ODD_BODY, startAttempt, workOf } from './support/attempt.ts';
import { attemptAgainst, checkOnce, openStream, WHOLE_BODY } from './support/attempt-against.ts';
import { PARTS } from './support/stream-text.ts';

describe('F29-F43: an upstream that fails before the client has seen anything', () => {
  const envelope = (type: string): string =>
    JSON.stringify({ type: 'error', error: { type, message: 'm' }, request_id: 'req_up' });
  const refusals: [
    string,
    number,
    string,
    { status: number; isFailover: boolean; body: string | null },
  ][] = [
    [
      'F29',
      429,
      envelope('rate_limit_error'),
      { status: 429, isFailover: true, body: envelope('rate_limit_error') },
    ],
    [
      'F30',
      529,
      envelope('overloaded_error'),
      { status: 529, isFailover: true, body: envelope('overloaded_error') },
    ],
    [
      'F30',
      500,
      envelope('api_error'),
      { status: 500, isFailover: true, body: envelope('api_error') },
    ],
    [
      'F31',
      400,
      envelope('invalid_request_error'),
      { status: 400, isFailover: false, body: envelope('invalid_request_error') },
    ],
    [
      'F31',
      413,
      envelope('request_too_large'),
      { status: 413, isFailover: false, body: envelope('request_too_large') },
    ],
    [
      'F31',
      422,
      envelope('invalid_request_error'),
      { status: 422, isFailover: false, body: envelope('invalid_request_error') },
    ],
    ['F32', 401, envelope('authentication_error'), { status: 502, isFailover: true, body: null }],
    ['F32', 403, envelope('permission_error'), { status: 502, isFailover: true, body: null }],
    ['F39', 502, '<html>bad gateway', { status: 502, isFailover: true, body: null }],
  ];
  for (const [id, status, body, expected] of refusals) {
    it(`${id}: a ${status} becomes a ${expected.status}, unbilled`, async () => {
      const record = await attemptAgainst((_hit, response) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(body);
      });
      checkOnce(record);
      const [error] = record.sink.errors;
      assert.deepEqual(
        [error?.status, error?.isFailover, error?.body, error?.upstreamStatus],
        [expected.status, expected.isFailover, expected.body, status],
      );
      assert.deepEqual(
        [record.usage[0]?.outcome, record.usage[0]?.status, record.usage[0]?.estimated],
        ['failed', status, false],
      );
      assert.equal(record.usage[0]?.usage.inputTokens, 0);
    });
  }

  const beginnings: [
    string,
    string,
    string,
    { type: string; inputTokens: number; estimated: boolean },
  ][] = [
    [
      'F40',
      'an error event first',
      PARTS.overloaded,
      { type: 'overloaded_error', inputTokens: 0, estimated: false },
    ],
    [
      'F40',
      'an error event after message_start',
      PARTS.start + PARTS.overloaded,
      { type: 'overloaded_error', inputTokens: 70, estimated: true },
    ],
    ['F38', 'an early end', PARTS.start, { type: 'api_error', inputTokens: 70, estimated: true }],
    ['F39', 'an empty stream', '', { type: 'api_error', inputTokens: 1234, estimated: true }],
    [
      'F39',
      'a web page that calls itself a stream',
      '<html><body>\n\n</body></html>',
      { type: 'api_error', inputTokens: 0, estimated: false },
    ],
  ];
  for (const [id, name, text, expected] of beginnings) {
    it(`${id}: fails over on ${name}`, async () => {
      const record = await attemptAgainst((_hit, response) => {
        openStream(response);
        response.end(text);
      });
      checkOnce(record);
      const [error] = record.sink.errors;
      assert.deepEqual(
        [record.sink.heads.length, error?.type, error?.isFailover],
        [0, expected.type, true],
      );
      const [event] = record.usage;
      assert.deepEqual(
        [event?.usage.inputTokens, event?.estimated],
        [expected.inputTokens, expected.estimated],
      );
    });
  }

  const strange: [string, string, string, string][] = [
    ['broken JSON', ODD_BODY, 'application/json', '{"id":'],
    ['an error with status 200', WHOLE_BODY, 'application/json', envelope('overloaded_error')],
    ['a web page', WHOLE_BODY, 'text/html', '<html>'],
    ['JSON that is no message', WHOLE_BODY, 'application/json', '{"ok":true}'],
  ];
  for (const [name, body, type, text] of strange) {
    it(`F39: fails over on ${name}`, async () => {
      const record = await attemptAgainst((_hit, response) => {
        response.writeHead(200, { 'content-type': type });
        response.end(text);
      }, body);
      checkOnce(record);
      assert.deepEqual([record.sink.heads.length, record.sink.errors[0]?.isFailover], [0, true]);
    });
  }

  it('F38: a stream that breaks while it is folded fails over', async () => {
    const record = await attemptAgainst((_hit, response) => {
      openStream(response);
      response.write(PARTS.start + PARTS.blockStart + PARTS.delta, () =>
        response.socket?.resetAndDestroy(),
      );
    }, WHOLE_BODY);
    checkOnce(record);
    assert.deepEqual([record.sink.heads.length, record.sink.errors[0]?.isFailover], [0, true]);
    assert.equal(record.usage[0]?.estimated, true);
  });

  it('F34: a refused connection is no bill', async () => {
    const upstream = await startUpstream(() => undefined);
    await upstream[Symbol.asyncDispose]();
    const record = startAttempt(anthropicAt(upstream.origin), workOf(ODD_BODY));
    await record.done;
    checkOnce(record);
    assert.match(record.sink.errors[0]?.message ?? '', /cannot be reached \(ECONNREFUSED\)$/);
    assert.deepEqual([record.usage[0]?.status, record.usage[0]?.usage.inputTokens], [null, 0]);
  });

  it('F35: a reset after the request left is not repeated, and counts as possibly billed', async () => {
    let hits = 0;
    const record = await attemptAgainst((_hit, response) => {
      hits += 1;
      response.socket?.resetAndDestroy();
    });
    checkOnce(record);
    assert.equal(hits, 1);
    assert.deepEqual(
      [
        record.sink.errors[0]?.status,
        record.usage[0]?.estimated,
        record.usage[0]?.usage.inputTokens,
      ],
      [502, true, 1234],
    );
  });

  it('F36: an upstream that says nothing is left at the deadline', async () => {
    await using upstream = await startUpstream(() => undefined);
    const work = workOf(ODD_BODY, { deadlineMs: Date.now() + 150 });
    const record = startAttempt(anthropicAt(upstream.origin), work);
    await record.done;
    checkOnce(record);
    await upstream.hits[0]?.closed;
    assert.deepEqual(
      [
        record.sink.errors[0]?.type,
        record.sink.errors[0]?.status,
        record.usage[0]?.usage.inputTokens,
      ],
      ['timeout_error', 504, 1234],
    );
  });

  it('F42: a redirect is not followed', async () => {
    let hits = 0;
    const record = await attemptAgainst((_hit, response) => {
      hits += 1;
      response.writeHead(307, { location: '/elsewhere' });
      response.end();
    });
    checkOnce(record);
    assert.deepEqual([hits, record.sink.errors[0]?.status], [1, 502]);
  });

  it('F43: an error body without end is cut', async () => {
    const record = await attemptAgainst((_hit, response) => {
      response.writeHead(500);
      const more = (): void => {
        if (!response.destroyed) response.write(Buffer.alloc(65_536, 'x'), more);
      };
      more();
    });
    checkOnce(record);
    assert.equal(record.sink.errors[0]?.status, 502);
  });

  it('F43: oversized headers are refused', async () => {
    const record = await attemptAgainst((_hit, response) => {
      response.writeHead(200, { 'x-big': 'x'.repeat(70_000) });
      response.end();
    });
    checkOnce(record);
    assert.match(record.sink.errors[0]?.message ?? '', /not HTTP \(UND_ERR_HEADERS_OVERFLOW\)/);
  });

  it('F39: garbage instead of HTTP fails over', async () => {
    const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const record = startAttempt(anthropicAt(`http://127.0.0.1:${address.port}`), workOf(ODD_BODY));
    await record.done;
    server.close();
    checkOnce(record);
    assert.match(record.sink.errors[0]?.message ?? '', /not HTTP/);
  });

  it('a compressed answer that nobody asked for fails over', async () => {
    const record = await attemptAgainst((_hit, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
      response.end('xx');
    });
    checkOnce(record);
    assert.equal(record.sink.errors[0]?.isFailover, true);
  });
});
