import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProviderSettings } from '../../config/config.ts';
import { LIMITS } from '../../config/limits.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import { createLiveModelReader } from '../../workers/live-models.ts';
import { createLatch } from '../support/latch.ts';
import { startUpstream, type UpstreamScript } from '../support/upstream.ts';

function settings(
  id: ProviderId,
  baseUrl: string,
  rest: Partial<ProviderSettings> = {},
): ProviderSettings {
  const off = { offReason: null, account: 'ACCOUNT', projectId: null, region: null };
  return { id, isEnabled: true, baseUrl, apiKey: 'key-1', ...off, ...rest };
}

function listOf(...ids: readonly string[]): string {
  return JSON.stringify({ data: ids.map((id) => ({ id })) });
}

const answer =
  (body: string, status = 200): UpstreamScript =>
  (_hit, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  };

const hangUp: UpstreamScript = (_hit, response) => {
  response.destroy();
};

test('each kind of provider has its list where its API has it', async () => {
  await using upstream = await startUpstream(answer(listOf('a/b')));
  await using reader = createLiveModelReader();
  const { origin } = upstream;
  const openrouter = await reader.read(settings('openrouter', origin));
  assert.deepEqual(
    openrouter.map(({ id }) => id),
    ['a/b'],
  );
  const headers = { 'x-team': 'blue' };
  const server = { name: 'x', baseUrl: origin, wire: 'openai-chat', headers, quirks: {} } as const;
  await reader.read(settings('openai-compatible-x', `${origin}/v1`, { server, apiKey: null }));
  assert.deepEqual(
    upstream.hits.map(({ method, path }) => `${method} ${path}`),
    ['GET /api/v1/models', 'GET /v1/models'],
  );
  assert.equal(upstream.hits[0]?.header('authorization'), 'Bearer key-1');
  assert.equal(upstream.hits[1]?.header('authorization'), undefined);
  assert.equal(upstream.hits[1]?.header('x-team'), 'blue');
  assert.deepEqual(await reader.read(settings('vertex-gemini', origin)), []);
  assert.equal(upstream.hits.length, 2);
});

test('one read serves all who ask meanwhile, and the list counts for ten minutes', async () => {
  const gate = createLatch();
  await using upstream = await startUpstream(async (hit, response) => {
    await gate.opened;
    await answer(listOf('m'))(hit, response);
  });
  let nowMs = 0;
  await using reader = createLiveModelReader({ now: () => nowMs });
  const provider = settings('openai-compatible', upstream.origin);
  const asked = [reader.read(provider), reader.read(provider), reader.read(provider)];
  await upstream.hit(0);
  gate.open();
  assert.equal(new Set(await Promise.all(asked)).size, 1);
  nowMs = LIMITS.liveModelsFreshMs - 1;
  await reader.read(provider);
  assert.equal(upstream.hits.length, 1);
  nowMs = LIMITS.liveModelsFreshMs;
  await reader.read(provider);
  assert.equal(upstream.hits.length, 2);
});

test('a failure keeps the list read before, is told, and is tried again after a pause', async () => {
  let script: UpstreamScript = answer(listOf('old'));
  await using upstream = await startUpstream((hit, response) => script(hit, response));
  let nowMs = 0;
  const failures: string[] = [];
  await using reader = createLiveModelReader({
    now: () => nowMs,
    bytesMax: 1_000,
    onFailure: (provider, reason) => failures.push(`${provider}: ${reason}`),
  });
  const provider = settings('openai-compatible', upstream.origin);
  await reader.read(provider);
  for (const [broken, reason] of [
    [answer('{"error":"no"}', 500), 'status 500'],
    [answer('{"error":"no"}'), 'no list of models'],
    [answer('<html>'), 'no list of models'],
    [answer(listOf('x'.repeat(2_000))), 'UND_ERR_RES_EXCEEDED_MAX_SIZE'],
    [answer('', 302), 'status 302'],
    [hangUp, 'UND_ERR_SOCKET'],
  ] as const) {
    script = broken;
    nowMs += LIMITS.liveModelsFreshMs;
    const models = await reader.read(provider);
    assert.deepEqual(
      models.map(({ id }) => id),
      ['old'],
    );
    assert.equal(failures.at(-1), `openai-compatible: ${reason}`);
  }
  const hits = upstream.hits.length;
  nowMs += LIMITS.liveModelsRetryMs - 1;
  await reader.read(provider);
  assert.equal(upstream.hits.length, hits);
  script = answer(listOf('new'));
  nowMs += 1;
  assert.equal((await reader.read(provider))[0]?.id, 'new');
});

test('a server that never answers costs the read its time and no more', async () => {
  await using upstream = await startUpstream(() => undefined);
  const failures: string[] = [];
  await using reader = createLiveModelReader({
    readMs: 20,
    onFailure: (_provider, reason) => failures.push(reason),
  });
  assert.deepEqual(await reader.read(settings('openrouter', upstream.origin)), []);
  assert.deepEqual(failures, ['TimeoutError']);
});
