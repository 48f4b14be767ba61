import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { test } from 'node:test';
import fc from 'fast-check';
import { post, startTestGateway } from '../support/gateway.ts';

interface Upstream extends AsyncDisposable {
  readonly url: string;
  readonly seen: { path: string; headers: IncomingHttpHeaders; body: Buffer }[];
  answer: { status: number; headers: Record<string, string>; pieces: readonly Buffer[] };
}

/** An upstream that keeps what it got, byte for byte, and answers what it is told to. */
async function startUpstream(): Promise<Upstream> {
  const seen: Upstream['seen'] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    seen.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(pieces) });
    const { answer } = upstream;
    response.writeHead(answer.status, answer.headers);
    for (const piece of answer.pieces) {
      response.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const upstream: Upstream = {
    url: `http://127.0.0.1:${address.port}`,
    seen,
    answer: { status: 200, headers: {}, pieces: [] },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return upstream;
}

// Odd on purpose: numbers, escapes, spacing and fields that no parser would give back as they are.
const ODD_BODY =
  '{ "model" : "claude-sonnet-5-5",\n\t"max_tokens":1.0e3 ,"stream":true, "a":-0, "b":1.0, "c":12345678901234567890,' +
  '"messages":[{"role":"user","content":"caf\\u00e9 \\ud83d\\ude00 é \\/ \\"q\\""}],"__proto__":{"x":1},"new_field":{"k":[1,2,  3]}}';

const EVENTS = [
  'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-5-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":10,"output_tokens":1}}}\n\n',
  'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
  'event: ping\ndata: {"type": "ping"}\n\n',
  ': a comment\n\nevent: something_new\ndata: {"type":"something_new","x":1.0}\n\n',
  'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"h\u00e9llo \ud83d\ude00"}}   \n\n',
  'event: content_block_delta\r\ndata: {"type":"content_block_delta",\r\ndata: "index":0,"delta":{"type":"new_delta","z":1}}\r\n\r\n',
  'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
  'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":7}}\n\n',
  'event: message_stop\ndata: {"type":"message_stop"       }\n\n',
].join('');

test('on the same wire the upstream gets the body byte for byte', async () => {
  await using upstream = await startUpstream();
  await using gateway = await startTestGateway({
    environment: { ANTHROPIC_UPSTREAM_URL: upstream.url, PROVIDER_CHAIN: 'anthropic' },
  });
  upstream.answer = {
    status: 200,
    headers: { 'content-type': 'text/event-stream' },
    pieces: [Buffer.from(EVENTS)],
  };
  const body = ODD_BODY.replace('1.0e3', '1000');
  await post(`${gateway.url()}/v1/messages?beta=true`, body, {
    'anthropic-beta': 'some-beta-2099-01-01,other',
    'x-claude-code-session-id': '11111111-2222-4333-8444-555555555555',
    'x-unknown-header': 'kept',
    authorization: 'Bearer client-secret',
    'x-api-key': 'client-secret',
  });
  const [call] = upstream.seen;
  assert.equal(call?.body.toString(), body);
  assert.equal(call?.path, '/v1/messages?beta=true');
  assert.equal(call?.headers['anthropic-beta'], 'some-beta-2099-01-01,other');
  assert.equal(call?.headers['x-unknown-header'], 'kept');
  assert.equal(call?.headers['anthropic-version'], '2023-06-01');
  assert.equal(JSON.stringify(call?.headers).includes('client-secret'), false);
});

test('on the same wire the client gets the events byte for byte, however they are cut', async () => {
  await using upstream = await startUpstream();
  await using gateway = await startTestGateway({
    environment: { ANTHROPIC_UPSTREAM_URL: upstream.url, PROVIDER_CHAIN: 'anthropic' },
  });
  const whole = Buffer.from(EVENTS);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: whole.length - 1 }), { maxLength: 30 }),
      async (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
        const pieces = places.slice(1).map((end, index) => whole.subarray(places[index], end));
        upstream.answer = {
          status: 200,
          headers: { 'content-type': 'text/event-stream; charset=utf-8' },
          pieces: pieces.filter(({ length }) => length > 0),
        };
        const answer = await post(
          `${gateway.url()}/v1/messages`,
          ODD_BODY.replace('1.0e3', '1000'),
        );
        assert.equal(answer.text, EVENTS);
      },
    ),
    { numRuns: 15 },
  );
});

test('an upstream error body reaches the client byte for byte', async () => {
  await using upstream = await startUpstream();
  await using gateway = await startTestGateway({
    environment: { ANTHROPIC_UPSTREAM_URL: upstream.url, PROVIDER_CHAIN: 'anthropic' },
  });
  const error =
    '{"type":"error","error":{"details":{"x":1.0},"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"},"request_id":"req_up"}';
  upstream.answer = {
    status: 400,
    headers: { 'content-type': 'application/json', 'x-should-retry': 'false' },
    pieces: [Buffer.from(error)],
  };
  const answer = await post(`${gateway.url()}/v1/messages`, ODD_BODY.replace('1.0e3', '1000'));
  assert.equal(answer.status, 400);
  assert.equal(answer.text, error);
  assert.equal(answer.headers.get('x-should-retry'), 'false');
  assert.match(answer.headers.get('request-id') ?? '', /^req_[0-9a-f]{32}$/);
});

test('a JSON answer to a request without stream passes unchanged, with its length', async () => {
  await using upstream = await startUpstream();
  await using gateway = await startTestGateway({
    environment: { ANTHROPIC_UPSTREAM_URL: upstream.url, PROVIDER_CHAIN: 'anthropic' },
  });
  const message =
    '{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"caf\\u00e9"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1.0}, "new":1.50}';
  upstream.answer = {
    status: 200,
    headers: { 'content-type': 'application/json' },
    pieces: [Buffer.from(message)],
  };
  const body = '{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"x"}]}';
  const answer = await post(`${gateway.url()}/v1/messages`, body);
  assert.equal(answer.text, message);
  assert.equal(answer.headers.get('content-length'), String(message.length));
});

test('Vertex gets the body without model and with its version, the rest unchanged', async () => {
  await using upstream = await startUpstream();
  await using gateway = await startTestGateway({
    environment: { VERTEX_CLAUDE_BASE_URL: upstream.url, PROVIDER_CHAIN: 'vertex-claude' },
  });
  upstream.answer = {
    status: 200,
    headers: { 'content-type': 'text/event-stream' },
    pieces: [Buffer.from(EVENTS)],
  };
  const body =
    '{"model":"claude-sonnet-4-5-20250929", "max_tokens":5,"messages":[{"role":"user","content":"x \\u00e9 1.0"}],"stream":true,"temperature":1.0}';
  await post(`${gateway.url('vertex-claude')}/v1/messages?beta=true`, body);
  const [call] = upstream.seen;
  const sent = call?.body.toString() ?? '';
  assert.match(
    call?.path ?? '',
    /\/v1\/projects\/test-project\/locations\/us-east5\/publishers\/anthropic\/models\/claude-sonnet-4-5(@|%40)20250929:streamRawPredict/,
  );
  const parsed = JSON.parse(sent);
  assert.equal(parsed.model, undefined);
  assert.equal(parsed.anthropic_version, 'vertex-2023-10-16');
  assert.ok(sent.includes('"messages":[{"role":"user","content":"x \\u00e9 1.0"}]'));
  assert.ok(sent.includes('"temperature":1.0'));
  assert.equal(call?.headers.authorization, 'Bearer test-access-token');
});
