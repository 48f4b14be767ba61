import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../config/limits.ts';
import { signThinking } from '../../sandbox/messages/signature.ts';
import { startSandbox } from '../../sandbox/start.ts';
import { type CallTarget, call, callTarget, targetOf } from './call.ts';

const USER = { role: 'user', content: 'hi' };
const use = (id: string): unknown => ({ type: 'tool_use', id, name: 'Bash', input: {} });
const result = (id: string): unknown => ({ type: 'tool_result', tool_use_id: id, content: 'ok' });
const assistant = (...content: unknown[]): unknown => ({ role: 'assistant', content });
const user = (...content: unknown[]): unknown => ({ role: 'user', content });
const tool = (name: string): unknown => ({ name, input_schema: { type: 'object' } });
const marked = { type: 'text', text: 'x', cache_control: { type: 'ephemeral' } };
const MODERN = 'claude-opus-5-5';
const OLD = 'claude-haiku-4-5-20251001';

/** Fields on top of a good request, and the words that refuse them. */
const REFUSED: readonly (readonly [fields: Record<string, unknown>, message: string | RegExp])[] = [
  [{ model: undefined }, 'model: Field required'],
  [{ messages: undefined }, 'messages: Field required'],
  [{ max_tokens: undefined }, 'max_tokens: Field required'],
  [{ max_tokens: 'ten' }, 'max_tokens: Input should be a valid integer'],
  [
    { max_tokens: 200_000 },
    `max_tokens: 200000 > 128000, which is the maximum allowed number of output tokens for ${MODERN}`,
  ],
  [{ messages: [] }, 'messages: at least one message is required'],
  [
    { messages: [assistant({ type: 'text', text: 'a' }), USER] },
    'messages: first message must use the "user" role',
  ],
  [{ messages: [{ role: 'user' }] }, 'messages.0.content: Field required'],
  [{ messages: [{ role: 'tool', content: 'x' }] }, /Unexpected role "tool"/],
  [
    { messages: [user({ type: 'text', text: '' })] },
    'messages: text content blocks must be non-empty',
  ],
  [{ messages: [user()] }, /^messages\.0: all messages must have non-empty content/],
  [
    { messages: [USER, { role: 'assistant', content: 'pre' }] },
    /does not support assistant message prefill/,
  ],
  [
    { messages: [USER, assistant(use('t1')), USER] },
    'messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: t1. Each `tool_use` block must have a corresponding `tool_result` block in the next message.',
  ],
  [
    { messages: [USER, assistant(use('t1')), user({ type: 'text', text: 'first' }, result('t1'))] },
    /^messages\.1: `tool_use` ids were found without `tool_result` blocks immediately after: t1/,
  ],
  [
    { messages: [USER, assistant({ type: 'text', text: 'a' }), user(result('t9'))] },
    'messages.2.content.0: unexpected `tool_use_id` found in `tool_result` blocks: t9. Each `tool_result` block must have a corresponding `tool_use` block in the previous message.',
  ],
  [
    { messages: [USER, assistant(use('t1')), user(result('t1'), result('t1'))] },
    'messages.2.content.1: each tool_use must have a single result. Found multiple `tool_result` blocks with id: t1',
  ],
  [
    { messages: [USER, assistant(use('t1'), use('t1')), user(result('t1'))] },
    /`tool_use` ids must be unique/,
  ],
  [
    { messages: [USER, assistant(use('a:b')), user(result('a:b'))] },
    /tool_use\.id: String should match pattern/,
  ],
  [
    { messages: [USER, assistant({ type: 'thinking', thinking: 'x', signature: '' }), USER] },
    'messages.1.content.0: Invalid `signature` in `thinking` block',
  ],
  [
    {
      messages: [
        USER,
        assistant({ type: 'thinking', thinking: 'changed', signature: signThinking('x') }),
        USER,
      ],
    },
    'messages.1.content.0: Invalid `signature` in `thinking` block',
  ],
  [{ tools: [tool('a'), tool('a')] }, 'tools: Tool names must be unique.'],
  [
    { tools: [tool('a b')] },
    "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
  ],
  [{ tools: [{ name: 'a' }] }, 'tools.0.custom.input_schema: Field required'],
  [
    { messages: [user(marked, marked, marked, marked, marked)] },
    'A maximum of 4 blocks with cache_control may be provided. Found 5.',
  ],
  [
    { thinking: { type: 'enabled', budget_tokens: 2_000 } },
    /"thinking\.type\.enabled" is not supported/,
  ],
  [
    { model: OLD, thinking: { type: 'adaptive' } },
    'adaptive thinking is not supported on this model',
  ],
  [
    { model: OLD, thinking: { type: 'enabled', budget_tokens: 1 } },
    'thinking.enabled.budget_tokens: Input should be greater than or equal to 1024',
  ],
  [
    { model: OLD, thinking: { type: 'enabled', budget_tokens: 4_000 } },
    /^`max_tokens` must be greater than `thinking\.budget_tokens`/,
  ],
  [
    {
      model: OLD,
      max_tokens: 8_000,
      thinking: { type: 'enabled', budget_tokens: 4_000 },
      messages: [USER, assistant(use('t1')), user(result('t1'))],
    },
    /^messages\.1\.content\.0\.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`/,
  ],
  [
    { thinking: { type: 'adaptive' }, tool_choice: { type: 'any' }, tools: [tool('a')] },
    'Thinking may not be enabled when tool_choice forces tool use.',
  ],
  [
    { model: OLD, messages: [USER, { role: 'system', content: 'env' }] },
    "role 'system' is not supported on this model",
  ],
  [{ temperature: 0.2 }, '`temperature` is deprecated for this model.'],
  [
    { model: OLD, system: 'x'.repeat(900_000) },
    /^prompt is too long: \d+ tokens > 200000 maximum$/,
  ],
  [
    { model: OLD, system: 'x'.repeat(760_000), max_tokens: 60_000 },
    /^input length and `max_tokens` exceed context limit: \d+ \+ 60000 > 200000, decrease/,
  ],
];

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
