import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { SANDBOX_LIMITS } from '../../sandbox/sandbox-limits.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { call, callTarget, TARGETS, targetOf } from './call.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

async function control(
  { url }: Sandbox,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const payload = body === undefined ? null : JSON.stringify(body);
  const { status, text } = await call(`${url}/_sandbox${path}`, payload, {
    method,
    headers: JSON_TYPE,
  });
  return { status, json: text === '' ? {} : JSON.parse(text) };
}

test('a request is recorded with its bytes, and its answer with its digest', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const target = targetOf('anthropic');
  const headers = { 'x-sandbox-label': 'turn-1', 'X-Odd': 'Kept' };
  const result = await callTarget(sandbox.url, target, {}, { headers });
  const record = await sandbox.control.nextEnd({ after: 0 });
  assert.equal(record.body.toString(), target.body());
  assert.equal(record.bodyBytes, target.body().length);
  assert.equal(record.bodySha256, createHash('sha256').update(target.body()).digest('hex'));
  assert.equal(record.answerSha256, createHash('sha256').update(result.body).digest('hex'));
  assert.equal(record.answerBytes, result.body.length);
  assert.equal(record.requestId, result.headers['request-id']);
  assert.deepEqual(
    [record.path, record.query, record.label],
    ['/v1/messages', 'beta=true', 'turn-1'],
  );
  assert.ok(record.headers.some(([name, value]) => name === 'x-odd' && value === 'Kept'));
  assert.equal(record.outcome, 'completed');
  assert.ok(record.endedAtMs !== null && record.endedAtMs >= record.startedAtMs);
});

test('the same seed and the same requests give the same bytes', async () => {
  const run = async (seed: number): Promise<string[]> => {
    await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0, seed });
    const texts: string[] = [];
    for (const target of TARGETS) {
      const fields = { thinking: { type: 'adaptive' } };
      texts.push((await callTarget(sandbox.url, target, fields)).text);
      texts.push((await callTarget(sandbox.url, target, { messages: [] })).text);
    }
    return texts;
  };
  const first = await run(7);
  assert.deepEqual(await run(7), first);
  assert.notDeepEqual(await run(8), first);
});

test('a caller that leaves is recorded at once, with the tokens it was sent', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const slow = { outputTokens: 5_000, tokensPerSecond: 1_000 };
  sandbox.control.enqueue('anthropic', slow);
  const ended = sandbox.control.nextEnd();
  const leaves = (text: string): boolean => text.split('text_delta').length > 20;
  await callTarget(sandbox.url, targetOf('anthropic'), { max_tokens: 10_000 }, { leaves });
  const record = await ended;
  assert.equal(record.outcome, 'aborted');
  assert.ok(record.tokensSent >= 19 && record.tokensSent < 1_000, `${record.tokensSent} tokens`);
  const { totals, entries } = sandbox.control.truth();
  assert.equal(totals.anthropic?.outputTokens, record.tokensSent);
  assert.equal(totals.anthropic?.aborted, 1);
  assert.equal(entries[0]?.requestId, record.requestId);
});

test('paced tokens keep their due times', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  sandbox.control.enqueue('anthropic', { outputTokens: 101, tokensPerSecond: 500 });
  const startedAtMs = performance.now();
  await callTarget(sandbox.url, targetOf('anthropic'));
  const elapsedMs = performance.now() - startedAtMs;
  assert.ok(elapsedMs >= 199, `${elapsedMs} ms`);
});

test('queued behaviours serve one request each, of their operation', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const { control: own, url } = sandbox;
  own.enqueue(
    'anthropic',
    { preset: 'overloaded' },
    { operation: 'count_tokens', preset: 'unavailable' },
  );
  const { headers } = targetOf('anthropic');
  const body = JSON.stringify({
    model: 'claude-opus-5-5',
    messages: [{ role: 'user', content: 'x' }],
  });
  const count = (): Promise<{ status: number }> =>
    call(`${url}/v1/messages/count_tokens`, body, { headers });
  assert.equal((await count()).status, 503);
  assert.equal((await count()).status, 200);
  assert.equal((await callTarget(url, targetOf('anthropic'))).status, 529);
  assert.equal((await callTarget(url, targetOf('anthropic'))).status, 200);
  assert.equal(own.queued('anthropic'), 0);
  own.setBehaviour('anthropic', { preset: 'unavailable' });
  assert.equal((await count()).status, 503);
});

test('the ring of requests and the queues are bounded', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const { queuedBehavioursMax, bodyBytesKeptMax } = SANDBOX_LIMITS;
  const { control: own } = sandbox;
  own.enqueue('openrouter', ...Array.from({ length: queuedBehavioursMax }, () => ({})));
  assert.throws(() => own.enqueue('openrouter', {}), RangeError);
  await callTarget(sandbox.url, targetOf('anthropic'), { system: 'x'.repeat(400_000) });
  const [record] = own.requests;
  assert.equal(record?.body.length, bodyBytesKeptMax);
  assert.ok((record?.bodyBytes ?? 0) > 400_000);
});

test('other programs set behaviours, queue them and read what happened over HTTP', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const put = await control(sandbox, 'PUT', '/behaviours/openrouter', { answer: 'from afar' });
  assert.equal(put.status, 204);
  const queued = await control(sandbox, 'POST', '/queues/openrouter', [
    { preset: 'rate-limit' },
    { fault: { kind: 'status', status: 418 } },
  ]);
  assert.deepEqual(queued.json, { queued: 2 });
  const waiting = control(sandbox, 'GET', '/next-end?provider=openrouter&after=0');
  const statuses: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    statuses.push((await callTarget(sandbox.url, targetOf('openrouter'))).status);
  }
  assert.deepEqual(statuses, [429, 418, 200]);
  const { json: ended } = await waiting;
  assert.deepEqual([ended['status'], ended['outcome'], ended['fault']], [429, 'faulted', 'status']);
  const { json: list } = await control(sandbox, 'GET', '/requests?after=2&body=1');
  const [request] = list['requests'] as Record<string, string>[];
  assert.equal(
    Buffer.from(request?.['body'] ?? '', 'base64').toString(),
    targetOf('openrouter').body(),
  );
  const { json: truth } = await control(sandbox, 'GET', '/truth');
  assert.equal((truth['entries'] as unknown[]).length, 3);
  const { json: overview } = await control(sandbox, 'GET', '');
  assert.ok('providers' in overview);
  assert.equal((await control(sandbox, 'GET', '/next-request?timeoutMs=5')).status, 204);
  assert.equal((await control(sandbox, 'POST', '/reset')).status, 204);
  assert.deepEqual(sandbox.control.requests, []);
  assert.equal(sandbox.control.behaviour('openrouter').answer, null);
});

test('the control API says what is wrong with a request', async (t) => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const cases = [
    ['PUT', '/behaviours/openrouter', { chunksPerTick: 0 }, 400, /^chunksPerTick: /],
    ['PUT', '/behaviours/openrouter', { fault: { kind: 'nope' } }, 400, /^fault/],
    ['PUT', '/behaviours/openrouter', { preset: 'nope' }, 400, /^preset: /],
    ['PUT', '/behaviours/openrouter', { unknown: 1 }, 400, /unknown/i],
    ['PUT', '/behaviours/nobody', {}, 404, /no provider "nobody"/],
    ['GET', '/next-end?timeoutMs=-1', undefined, 400, /^timeoutMs: /],
    ['GET', '/requests?limit=0', undefined, 400, /^limit: /],
    ['GET', '/elsewhere', undefined, 404, /not part of the control API/],
  ] as const;
  for (const [method, path, body, status, words] of cases) {
    await t.test(`${method} ${path} ${JSON.stringify(body)}`, async () => {
      const { status: seen, json } = await control(sandbox, method, path, body);
      assert.equal(seen, status);
      assert.match(String(json['error']), words);
    });
  }
  const url = `${sandbox.url}/_sandbox/reset`;
  const fromPage = await call(url, null, {
    method: 'POST',
    headers: { origin: 'http://evil.test' },
  });
  assert.equal(fromPage.status, 403);
  const notJson = await call(`${sandbox.url}/_sandbox/queues/anthropic`, '{', {
    headers: JSON_TYPE,
  });
  assert.equal(notJson.status, 400);
  assert.equal(sandbox.control.queued('anthropic'), 0);
});

test('whenIdle waits for open requests, and disposing rejects what still waits', async () => {
  const sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  await sandbox.control.whenIdle();
  sandbox.control.enqueue('anthropic', { firstByteMs: 20 });
  const arrived = sandbox.control.nextRequest();
  const calling = callTarget(sandbox.url, targetOf('anthropic'));
  const { sequence } = await arrived;
  await sandbox.control.whenIdle();
  assert.equal((await sandbox.control.nextEnd({ sequence })).outcome, 'completed');
  await calling;
  const never = sandbox.control.nextRequest();
  await sandbox[Symbol.asyncDispose]();
  await assert.rejects(never, /the sandbox was closed/);
});

test('a taken port is named', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const again = startSandbox({ host: '127.0.0.1', port: sandbox.port });
  await assert.rejects(again, new RegExp(`cannot listen on 127.0.0.1:${sandbox.port}`));
});
