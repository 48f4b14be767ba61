import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../config/limits.ts';
import { signThinking } from '../../sandbox/messages/signature.ts';
import { startSandbox } from '../../sandbox/start.ts';
import { type CallTarget, call, callTarget, targetOf } from './call.ts';
import { assistant, MODERN, marked, REFUSED, result, USER, use, user } from './refused.ts';

test('the Messages API refuses what the true one refuses, in its words', async (t) => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  for (const [fields, message] of REFUSED) {
    await t.test(String(message), async () => {
      const { status, text, headers } = await callTarget(
        sandbox.url,
        targetOf('anthropic'),
        fields,
      );
      const { type, error } = JSON.parse(text);
      assert.equal(status, 400, text);
      assert.equal(type, 'error');
      assert.equal(error.type, 'invalid_request_error');
      if (typeof message === 'string') assert.equal(error.message, message);
      else assert.match(error.message, message);
      assert.equal(headers['x-should-retry'], 'false');
    });
  }
});

test("what Claude Code sends is accepted: system messages, an empty one, tool loops and the provider's thinking", async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const messages = [
    USER,
    { role: 'system', content: [], output_config: { effort: 'high' } },
    assistant(
      { type: 'thinking', thinking: '', signature: signThinking('') },
      use('t1'),
      use('t2'),
    ),
    { role: 'system', content: 'between' },
    user(result('t2'), result('t1'), { type: 'text', text: 'and now?' }),
    { role: 'user', content: 'one more thing' },
  ];
  const fields = {
    messages,
    thinking: { type: 'adaptive', display: 'omitted' },
    context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
    output_config: { effort: 'medium' },
    a_field_of_next_year: true,
  };
  const { status, text } = await callTarget(sandbox.url, targetOf('anthropic'), fields);
  assert.equal(status, 200, text);
});

test('versions: none is refused, 2026-10-21 knows no sampling parameters', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const target = targetOf('anthropic');
  const without = { ...target, headers: { 'x-api-key': 'k' } };
  assert.match(
    (await callTarget(sandbox.url, without)).text,
    /anthropic-version: header is required/,
  );
  const headers = { 'anthropic-version': '2026-10-21' };
  const newest = await callTarget(sandbox.url, target, { temperature: 1 }, { headers });
  assert.match(newest.text, /temperature: Extra inputs are not permitted/);
});

test('models that do not exist are 404 in the words of their provider', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const ask = async (
    target: CallTarget,
    model: string,
  ): Promise<[number, Record<string, unknown>]> => {
    const path = target.path.replace('claude-opus-5-5', model);
    const fields = target.provider === 'vertex-claude' ? {} : { model };
    const { status, text } = await callTarget(sandbox.url, { ...target, path }, fields);
    return [status, JSON.parse(text).error];
  };
  const [status, error] = await ask(targetOf('anthropic'), 'claude-sonet-4-5');
  assert.deepEqual(
    [status, error],
    [404, { type: 'not_found_error', message: 'model: claude-sonet-4-5' }],
  );
  const [vertexStatus, vertexError] = await ask(
    targetOf('vertex-claude'),
    'claude-haiku-4-5-20251001',
  );
  assert.equal(vertexStatus, 404);
  assert.equal(vertexError['status'], 'NOT_FOUND');
  assert.match(
    String(vertexError['message']),
    /^Publisher Model `projects\/p1\/locations\/us-east5\//,
  );
  const [openrouterStatus, openrouterError] = await ask(targetOf('openrouter'), 'claude-opus-5-5');
  assert.equal(openrouterStatus, 400);
  assert.equal(openrouterError['message'], 'claude-opus-5-5 is not a valid model ID');
});

test('Vertex AI refuses what only Anthropic knows', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const target = targetOf('vertex-claude');
  const ask = async (fields: Record<string, unknown>, beta = ''): Promise<string> => {
    const headers = beta === '' ? {} : { 'anthropic-beta': beta };
    const { status, text } = await callTarget(sandbox.url, target, fields, { headers });
    return status === 200 ? 'ok' : JSON.parse(text).error.message;
  };
  assert.equal(await ask({ model: MODERN }), 'model: Extra inputs are not permitted');
  assert.equal(await ask({ anthropic_version: undefined }), 'anthropic_version: Field required');
  const management = { context_management: { edits: [] } };
  assert.equal(await ask(management), 'context_management: Extra inputs are not permitted');
  const scoped = { ...marked, cache_control: { type: 'ephemeral', scope: 'global' } };
  assert.equal(
    await ask({ system: [scoped] }),
    'system.0.cache_control.ephemeral.scope: Extra inputs are not permitted',
  );
  assert.equal(await ask({}, 'effort-2025-11-24,claude-code-20250219'), 'ok');
  assert.equal(
    await ask({}, 'effort-2025-11-24,files-api-2025-04-14,nope-1'),
    'Unexpected value(s) `files-api-2025-04-14`, `nope-1` for the `anthropic-beta` header. Please consult our documentation at docs.anthropic.com or try again without the header.',
  );
});

test('OpenRouter passes on what the model refused', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const { status, text } = await callTarget(sandbox.url, targetOf('openrouter'), { messages: [] });
  const { error } = JSON.parse(text);
  assert.deepEqual([status, error.code, error.message], [400, 400, 'Provider returned error']);
  assert.equal(error.metadata.provider_name, 'Anthropic');
  assert.equal(
    JSON.parse(error.metadata.raw).error.message,
    'messages: at least one message is required',
  );
});

test('credentials: one is needed, `invalid` is refused, each in its true shape', async (t) => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const version = { 'anthropic-version': '2023-06-01' };
  const cases = [
    ['anthropic', {}, /^\{"type":"error".*x-api-key header is required/],
    [
      'anthropic',
      { 'x-api-key': 'invalid' },
      /"authentication_error","message":"invalid x-api-key"/,
    ],
    ['anthropic', { authorization: 'Bearer invalid' }, /Invalid bearer token/],
    ['vertex-claude', {}, /^\{"error":\{"code":401,.*missing required.*"UNAUTHENTICATED"/],
    ['vertex-claude', { 'x-api-key': 'k' }, /missing required authentication credential/],
    ['vertex-claude', { authorization: 'Bearer invalid' }, /invalid authentication credentials/],
    ['openrouter', {}, /^\{"error":\{"message":"Missing Authentication header","code":401\}\}$/],
    ['openrouter', { authorization: 'Bearer invalid' }, /User not found/],
  ] as const;
  for (const [provider, headers, words] of cases) {
    await t.test(`${provider} ${JSON.stringify(headers)}`, async () => {
      const target = { ...targetOf(provider), headers: { ...version, ...headers } };
      const { status, text } = await callTarget(sandbox.url, target);
      assert.equal(status, 401);
      assert.match(text, words);
    });
  }
  const bearer = { ...targetOf('anthropic'), headers: { ...version, authorization: 'Bearer any' } };
  assert.equal((await callTarget(sandbox.url, bearer)).status, 200);
});

test('a body past 32 MiB is 413 whether it says so or not', async (t) => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const { path, headers } = targetOf('anthropic');
  const body = Buffer.alloc(LIMITS.bodyBytesMax + 1, 0x20);
  for (const extra of [{}, { 'transfer-encoding': 'chunked' }]) {
    await t.test(JSON.stringify(extra), async () => {
      const { status, text } = await call(sandbox.url + path, body, {
        headers: { ...headers, ...extra },
      });
      assert.equal(status, 413);
      assert.equal(JSON.parse(text).error.type, 'request_too_large');
    });
  }
});

test('bodies that are not JSON objects are 400', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const { path, headers } = targetOf('anthropic');
  for (const body of ['{"model":', '[]', 'null', '""', '{"model":1}']) {
    assert.equal((await call(sandbox.url + path, body, { headers })).status, 400, body);
  }
});

test('paths of nobody are 404, and Claude Code’s probe is answered', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  assert.equal((await call(`${sandbox.url}/v1/files`, '{}')).status, 404);
  assert.equal((await call(`${sandbox.url}/v1/models/%E0%A4%A`, null)).status, 404);
  assert.equal((await call(`${sandbox.url}/api/hello`, null, { method: 'HEAD' })).status, 200);
});
