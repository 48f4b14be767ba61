import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { createLog } from '../../bus/log.ts';
import { LIMITS } from '../../config/limits.ts';
import { startWebhook } from '../../ledger/webhook.ts';
import { webhookSignature } from '../../ledger/webhook-signature.ts';
import type { Alert } from '../../schemas/alert.ts';
import { eventually } from '../support/latch.ts';

const log = createLog({ level: 'silent', name: 'test' });
const QUICK = { log, retryMs: 1, timeoutMs: 200 };

function alert(id: string): Alert {
  return {
    v: 1,
    id,
    kind: 'threshold',
    scope: 'global',
    name: null,
    period: 'hour',
    periodStart: '2026-11-22T05:00:00.000Z',
    step: 50,
    thresholdUsd: 10,
    spentUsd: 5,
    spentPicodollars: '5000000000000',
    atMs: 0,
    message: 'half of it',
  };
}

interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A receiver that answers each post with the next of `answers`, then with 200. */
async function startReceiver(answers: readonly ((reply: ServerResponse) => void)[] = []) {
  const received: Received[] = [];
  const left = [...answers];
  const server = createServer(async (request, reply) => {
    let body = '';
    for await (const piece of request) body += piece;
    received.push({ headers: request.headers, body });
    const answer = left.shift();
    if (answer === undefined) reply.end();
    else answer(reply);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    received,
    url: `http://127.0.0.1:${address.port}/hook`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const status =
  (code: number, headers: Record<string, string> = {}) =>
  (reply: ServerResponse): void => {
    reply.writeHead(code, headers).end('no');
  };

test('an alert is posted as JSON and signed over time and body', async () => {
  await using receiver = await startReceiver();
  await using webhook = startWebhook({ url: receiver.url, secret: 'shared' }, QUICK);
  webhook.post(alert('a'));
  await eventually(() => receiver.received.length === 1, 'posted');
  const [post] = receiver.received;
  assert.ok(post !== undefined);
  assert.deepEqual(JSON.parse(post.body), alert('a'));
  assert.equal(post.headers['content-type'], 'application/json');
  const signature = String(post.headers['x-gateway-signature']);
  const [, seconds, digest] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
  const expected = createHmac('sha256', 'shared').update(`${seconds}.${post.body}`).digest('hex');
  assert.equal(digest, expected);
  assert.ok(Math.abs(Number(seconds) * 1_000 - Date.now()) < 60_000);
});

test('a signature is that of the reference', () => {
  // echo -n '1700000000.{}' | openssl dgst -sha256 -hmac key
  assert.equal(
    webhookSignature('key', '{}', 1_700_000_000_999),
    't=1700000000,v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae',
  );
});

test('without a secret nothing is signed', async () => {
  await using receiver = await startReceiver();
  await using webhook = startWebhook({ url: receiver.url, secret: null }, QUICK);
  webhook.post(alert('a'));
  await eventually(() => receiver.received.length === 1, 'posted');
  assert.equal(receiver.received[0]?.headers['x-gateway-signature'], undefined);
});

test('failures, hangs and redirects are tried again, in order, and no redirect is followed', async () => {
  await using elsewhere = await startReceiver();
  await using receiver = await startReceiver([
    status(500),
    (reply) => reply.destroy(),
    () => {}, // never answers
    status(307, { location: elsewhere.url }),
    status(404),
  ]);
  await using webhook = startWebhook({ url: receiver.url, secret: null }, QUICK);
  webhook.post(alert('a'));
  webhook.post(alert('b'));
  await eventually(() => receiver.received.length === 7, 'all tries');
  const ids = receiver.received.map(({ body }) => JSON.parse(body).id);
  assert.deepEqual(ids, ['a', 'a', 'a', 'a', 'a', 'a', 'b']);
  assert.equal(elsewhere.received.length, 0);
});

test('after ten tries the next one has its turn', async () => {
  const refusals = Array.from({ length: LIMITS.webhookTriesMax }, () => status(500));
  await using receiver = await startReceiver(refusals);
  await using webhook = startWebhook({ url: receiver.url, secret: null }, QUICK);
  webhook.post(alert('lost'));
  webhook.post(alert('next'));
  await eventually(() => receiver.received.length === LIMITS.webhookTriesMax + 1, 'all tries');
  const ids = receiver.received.map(({ body }) => JSON.parse(body).id);
  assert.deepEqual(ids, [...Array.from(refusals, () => 'lost'), 'next']);
});

test('of too many that wait the oldest are dropped', async () => {
  const held: ServerResponse[] = [];
  await using receiver = await startReceiver([(reply) => void held.push(reply)]);
  const patient = { ...QUICK, timeoutMs: 10_000 };
  await using webhook = startWebhook({ url: receiver.url, secret: null }, patient);
  webhook.post(alert('first'));
  await eventually(() => held.length === 1, 'the first is under way');
  const count = LIMITS.webhookQueueMax + 5;
  for (let index = 0; index < count; index += 1) webhook.post(alert(`a${index}`));
  held[0]?.end();
  await eventually(() => receiver.received.length === LIMITS.webhookQueueMax + 1, 'all posted');
  const ids = receiver.received.map(({ body }) => JSON.parse(body).id);
  assert.deepEqual(ids.slice(0, 2), ['first', 'a5']);
  assert.equal(ids.at(-1), `a${count - 1}`);
});

test('ending it does not wait for a receiver that hangs', async () => {
  await using receiver = await startReceiver([() => {}]);
  const webhook = startWebhook({ url: receiver.url, secret: null }, { log, timeoutMs: 60_000 });
  webhook.post(alert('a'));
  await eventually(() => receiver.received.length === 1, 'under way');
  const startMs = performance.now();
  await webhook[Symbol.asyncDispose]();
  assert.ok(performance.now() - startMs < 1_000);
  webhook.post(alert('b'));
  assert.equal(receiver.received.length, 1);
});
