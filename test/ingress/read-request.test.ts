import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { readMessagesRequest } from '../../ingress/read-request.ts';
import type { Operation } from '../../schemas/envelope.ts';
import { GatewayError } from '../../schemas/error.ts';

const FIXTURES = new URL('../../../shared/fixtures/claude-code/', import.meta.url);

interface ReadOverrides {
  readonly operation?: Operation;
  readonly headers?: Readonly<Record<string, string>>;
}

function read(body: string | Uint8Array, overrides: ReadOverrides = {}) {
  return readMessagesRequest(typeof body === 'string' ? Buffer.from(body) : body, {
    operation: overrides.operation ?? 'messages',
    header: (name) => overrides.headers?.[name],
  });
}

/** A complete request as JSON text, with fields replaced by JSON texts; null leaves a field out. */
function requestText(fields: Readonly<Record<string, string | null>> = {}): string {
  const all = {
    model: '"m"',
    max_tokens: '1',
    messages: '[{"role":"user","content":"hi"}]',
    ...fields,
  };
  const members = Object.entries(all).filter(([, value]) => value !== null);
  return `{${members.map(([name, value]) => `"${name}":${value}`).join()}}`;
}

function refusal(body: string | Uint8Array, overrides: ReadOverrides = {}): GatewayError {
  try {
    read(body, overrides);
  } catch (error) {
    assert.ok(error instanceof GatewayError, `not a GatewayError: ${error}`);
    return error;
  }
  return assert.fail('the request was accepted');
}

test('the facts of a plain request are read', () => {
  const text = requestText({ model: '"claude-opus-5-5"', max_tokens: '128000' });
  const { facts, fields } = read(text);
  assert.deepEqual(facts, {
    operation: 'messages',
    requestModel: 'claude-opus-5-5',
    isStream: false,
    maxOutputTokens: 128_000,
    bodyBytes: text.length,
    inputTokensEstimate: 10,
    hasTools: false,
    hasThinking: false,
    hasImages: false,
    sessionId: null,
    agentId: null,
    hasWebSearch: false,
    requestClass: 'main',
    cacheTtlMs: 0,
  });
  assert.deepEqual(
    fields.map(({ name, valueStart, valueEnd }) => [name, text.slice(valueStart, valueEnd)]),
    [
      ['model', '"claude-opus-5-5"'],
      ['max_tokens', '128000'],
      ['messages', '[{"role":"user","content":"hi"}]'],
    ],
  );
});

test('stream, tools and thinking are read', () => {
  const facts = (fields: Record<string, string>) => read(requestText(fields)).facts;
  assert.equal(facts({ stream: 'true' }).isStream, true);
  assert.equal(facts({ stream: 'false' }).isStream, false);
  assert.equal(facts({ tools: '[{"name":"a"}]' }).hasTools, true);
  assert.equal(facts({ tools: '[ ]' }).hasTools, false);
  assert.equal(facts({ thinking: '{"display":"omitted","type":"adaptive"}' }).hasThinking, true);
  assert.equal(facts({ thinking: '{"type":"enabled","budget_tokens":1024}' }).hasThinking, true);
  assert.equal(
    facts({ thinking: '{"x":{"type":"enabled"},"type":"disabled"}' }).hasThinking,
    false,
  );
  assert.equal(facts({ thinking: 'null' }).hasThinking, false);
});

test('a field that breaks a rule is refused with 400 in the words of the API', () => {
  const cases: readonly (readonly [fields: Record<string, string | null>, message: string])[] = [
    [{ model: null }, 'model: Field required'],
    [{ model: '7' }, 'model: Input should be a valid string'],
    [{ model: '["m"]' }, 'model: Input should be a valid string'],
    [{ model: '""' }, 'model: String should have at least 1 character'],
    [{ model: `"${'m'.repeat(201)}"` }, 'model: String should have at most 200 characters'],
    [{ model: `"${'m'.repeat(90_000)}"` }, 'model: String should have at most 200 characters'],
    [{ max_tokens: null }, 'max_tokens: Field required'],
    [{ max_tokens: '"1"' }, 'max_tokens: Input should be a valid integer'],
    [{ max_tokens: '1.5' }, 'max_tokens: Input should be a valid integer'],
    [{ max_tokens: '1e999' }, 'max_tokens: Input should be a valid integer'],
    [{ max_tokens: '9'.repeat(90_000) }, 'max_tokens: Input should be a valid integer'],
    [{ max_tokens: 'null' }, 'max_tokens: Input should be a valid integer'],
    [{ max_tokens: '-1' }, 'max_tokens: Input should be greater than or equal to 0'],
    [{ max_tokens: '2147483649' }, 'max_tokens: Input should be less than or equal to 2147483648'],
    [{ messages: null }, 'messages: Field required'],
    [{ messages: '{}' }, 'messages: Input should be a valid list'],
    [{ messages: '[]' }, 'messages: at least one message is required'],
    [{ messages: `[0${',0'.repeat(100_000)}]` }, 'messages: List should have at most 100000 items'],
    [{ tools: '{}' }, 'tools: Input should be a valid list'],
    [{ tools: `[0${',0'.repeat(2_000)}]` }, 'tools: List should have at most 2000 items'],
    [{ stream: '"true"' }, 'stream: Input should be a valid boolean'],
    [{ stream: 'null' }, 'stream: Input should be a valid boolean'],
    [{ stream: '1' }, 'stream: Input should be a valid boolean'],
  ];
  for (const [fields, message] of cases) {
    const error = refusal(requestText(fields));
    assert.deepEqual(
      [error.status, error.type, error.message],
      [400, 'invalid_request_error', message],
    );
  }
});

test('max_tokens 0 warms a cache and passes; counting needs no max_tokens', () => {
  assert.equal(read(requestText({ max_tokens: '0' })).facts.maxOutputTokens, 0);
  assert.equal(read(requestText({ max_tokens: '1e3' })).facts.maxOutputTokens, 1_000);
  const { facts } = read(requestText({ max_tokens: null }), { operation: 'count_tokens' });
  assert.deepEqual([facts.operation, facts.maxOutputTokens], ['count_tokens', 0]);
  assert.equal(
    refusal(requestText({ max_tokens: '-5' }), { operation: 'count_tokens' }).status,
    400,
  );
});

test('names of models of every provider pass and impossible ones are 404', () => {
  for (const model of [
    'claude-sonnet-4-5@20250929',
    'openrouter/qwen/qwen3-coder:free',
    'anthropic/gemini-3-pro',
    'm'.repeat(200),
  ]) {
    assert.equal(read(requestText({ model: JSON.stringify(model) })).facts.requestModel, model);
  }
  assert.equal(
    read(requestText({ model: '"claude-\\u006fpus"' })).facts.requestModel,
    'claude-opus',
  );
  for (const [model, shown] of [
    ['claude opus', 'claude opus'],
    ['.hidden', '.hidden'],
    ['gw.>', 'gw.>'],
    ['a*', 'a*'],
    ['mod\u00e8l\u001b[31m', 'mod?l?[31m'],
    ['a\n', 'a?'],
  ]) {
    const error = refusal(requestText({ model: JSON.stringify(model) }));
    assert.deepEqual([error.status, error.type], [404, 'not_found_error']);
    assert.equal(error.message, `model: ${shown}`);
  }
});

test('a body that is not one JSON object is refused with its place', () => {
  const cases: readonly (readonly [body: string | Uint8Array, message: RegExp])[] = [
    ['', /^The request body is not valid JSON: expected an object, .* at byte 0$/],
    ['[]', /^The request body is not valid JSON: expected an object, .* at byte 0$/],
    [
      '{"model":"m",}',
      /^The request body is not valid JSON: expected a key in quotes, .* at byte 13$/,
    ],
    [
      Buffer.from([0x7b, 0x22, 0xff, 0x22]),
      /^The request body is not valid JSON: .* UTF-8 at byte 2$/,
    ],
    [
      requestText({ system: `${'['.repeat(128)}` }),
      /^more than 128 levels of nesting at byte \d+$/,
    ],
    [requestText({ '\\u006dodel': '"x"' }), /^model: the field stands twice at byte \d+$/],
    [requestText({ system: '"a","system":"b"' }), /^system: the field stands twice at byte \d+$/],
  ];
  for (const [body, message] of cases) {
    const error = refusal(body);
    assert.deepEqual([error.status, error.type], [400, 'invalid_request_error']);
    assert.match(error.message, message);
  }
});

test('a body that is compressed or no JSON by its headers is refused with 415', () => {
  for (const headers of [
    { 'content-encoding': 'gzip' },
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/x-www-form-urlencoded' },
    { 'content-type': 'application/jsonx' },
  ]) {
    const error = refusal(requestText(), { headers });
    assert.deepEqual([error.status, error.type], [415, 'invalid_request_error']);
    assert.match(error.message, /^content-(?:type|encoding): /);
  }
  for (const headers of [
    { 'content-encoding': 'Identity', 'content-type': 'application/json; charset=utf-8' },
    { 'content-type': 'Application/JSON' },
  ]) {
    assert.equal(read(requestText(), { headers }).facts.requestModel, 'm');
  }
});

test('the session id comes from its header when it is harmless', () => {
  const sessionId = (value: string) =>
    read(requestText(), { headers: { 'x-claude-code-session-id': value } }).facts.sessionId;
  assert.equal(
    sessionId('a444bbbd-d45c-4452-a62e-c1f276fc5f2d'),
    'a444bbbd-d45c-4452-a62e-c1f276fc5f2d',
  );
  for (const value of ['', '>', 'a b', 'a*', 'x'.repeat(201), '-a', 'a\n']) {
    assert.equal(sessionId(value), null, JSON.stringify(value));
  }
});

test('arbitrary bodies give facts or a GatewayError, nothing else', () => {
  const field = fc.constantFrom(
    'model',
    'max_tokens',
    'messages',
    'tools',
    'stream',
    'thinking',
    'x',
  );
  const body = fc.oneof(
    fc.uint8Array(),
    fc.dictionary(field, fc.jsonValue()).map((value) => Buffer.from(JSON.stringify(value))),
  );
  fc.assert(
    fc.property(body, (bytes) => {
      try {
        assert.ok(read(bytes).facts.inputTokensEstimate >= 1);
      } catch (error) {
        assert.ok(error instanceof GatewayError, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});

interface Recording {
  readonly path: string;
  readonly raw_headers: readonly (readonly [string, string])[];
  readonly body: RecordedBody | null;
}

interface RecordedBody {
  readonly model?: string;
  readonly stream?: boolean;
  readonly max_tokens?: number;
  readonly tools?: readonly { readonly type?: string }[];
  readonly thinking?: { readonly type: string };
}

function longestCacheMs(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const within = Math.max(0, ...Object.values(value).map(longestCacheMs));
  const control: unknown = 'cache_control' in value ? value.cache_control : null;
  if (typeof control !== 'object' || control === null) return within;
  return Math.max(within, 'ttl' in control && control.ttl === '1h' ? 3_600_000 : 300_000);
}

test('real Claude Code requests are read as JSON.parse reads them', (t) => {
  if (!existsSync(FIXTURES)) return t.skip('the recordings are not on this machine');
  let count = 0;
  for (const file of globSync('*/*/*-POST-v1_messages*.json', { cwd: FIXTURES })) {
    const recording: Recording = JSON.parse(readFileSync(new URL(file, FIXTURES), 'utf8'));
    if (recording.body === null) continue;
    const { model, stream, max_tokens, tools, thinking } = recording.body;
    const operation = recording.path.endsWith('/count_tokens') ? 'count_tokens' : 'messages';
    const headers = Object.fromEntries(
      recording.raw_headers.map(([name, value]) => [name.toLowerCase(), value]),
    );
    const body = Buffer.from(JSON.stringify(recording.body));
    const { facts, fields } = read(body, { operation, headers });
    const { requestClass: _, ...known } = facts; // request-class.test.ts
    assert.deepEqual(
      { ...known, inputTokensEstimate: 0 },
      {
        operation,
        requestModel: model,
        isStream: stream ?? false,
        maxOutputTokens: max_tokens ?? 0,
        bodyBytes: body.length,
        inputTokensEstimate: 0,
        hasTools: (tools?.length ?? 0) > 0,
        hasThinking: thinking !== undefined && thinking.type !== 'disabled',
        hasImages: false,
        sessionId: headers['x-claude-code-session-id'] ?? null,
        agentId: headers['x-claude-code-agent-id'] ?? null,
        hasWebSearch: tools?.some(({ type }) => type?.startsWith('web_search_')) ?? false,
        cacheTtlMs: longestCacheMs(recording.body),
      },
      file,
    );
    assert.deepEqual(
      fields.map(({ name }) => name),
      Object.keys(recording.body),
    );
    count++;
  }
  assert.ok(count > 0, 'no recording was found');
  t.diagnostic(`${count} requests`);
});
