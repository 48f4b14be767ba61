/** Error answers of the servers that speak this wire, protocol reference §7.5. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeaderPair } from '../../../../schemas/envelope.ts';
import { openaiChat } from '../../../../workers/wire/openai-chat.ts';
import { chatContext } from '../../support/chat-decode.ts';
import { missing, recordings } from '../../support/recordings.ts';

function decode(status: number, body: string | object, headers: readonly HeaderPair[] = []) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const context = chatContext({ inputTokensEstimate: 300_000 });
  return openaiChat.decodeError(status, headers, Buffer.from(text), context);
}

function openai(message: string, code: string | null, type = 'invalid_request_error'): object {
  return { error: { message, type, param: null, code } };
}

describe('an error answer', () => {
  const CASES: readonly [
    name: string,
    status: number,
    body: string | object,
    expected: readonly [number, string, RegExp],
  ][] = [
    [
      'OpenAI, bad request',
      400,
      openai('Invalid schema for function', null),
      [400, 'invalid_request_error', /^\[openai-compatible\] Invalid schema/],
    ],
    [
      'OpenAI, server error',
      500,
      openai('The server had an error', null, 'server_error'),
      [502, 'api_error', /server had an error/],
    ],
    [
      'OpenAI, no credit as a 429',
      429,
      openai('You exceeded your current quota', 'insufficient_quota', 'insufficient_quota'),
      [402, 'billing_error', /current quota/],
    ],
    [
      'OpenAI, bad key',
      401,
      openai('Incorrect API key provided: sk-abcdef123456', 'invalid_api_key'),
      [502, 'api_error', /^provider openai-compatible rejected the gateway's credentials$/],
    ],
    [
      'Azure, bad key',
      401,
      { error: { code: '401', message: 'Access denied due to invalid subscription key' } },
      [502, 'api_error', /rejected/],
    ],
    [
      'Azure, throttled',
      429,
      { error: { code: 'RateLimitReached', message: 'Your requests have exceeded rate limit.' } },
      [429, 'rate_limit_error', /exceeded rate limit/],
    ],
    [
      'Azure, filtered prompt',
      400,
      {
        error: {
          code: 'content_filter',
          status: 400,
          message: 'The response was filtered',
          innererror: {},
        },
      },
      [400, 'invalid_request_error', /filtered/],
    ],
    [
      'Azure, no such deployment',
      404,
      { error: { code: 'DeploymentNotFound', message: 'The API deployment does not exist' } },
      [404, 'not_found_error', /^model: claude-opus-5-5$/],
    ],
    [
      'GitHub Models, retired',
      410,
      'GitHub Models is temporarily unavailable',
      [404, 'not_found_error', /^model: /],
    ],
    [
      'GitHub Models, prompt too large',
      413,
      {
        error: {
          code: 'tokens_limit_reached',
          message: 'Request body too large for gpt-4o model. Max size: 8000 tokens.',
        },
      },
      [400, 'invalid_request_error', /^prompt is too long: 300000 tokens > 8000 maximum$/],
    ],
    [
      'Groq, broken call',
      400,
      openai('Failed to call a function.', 'tool_use_failed'),
      [502, 'api_error', /Failed to call/],
    ],
    [
      'Groq, over the minute',
      413,
      openai(
        'Request too large for model `x` in organization `org_01abcdef` on tokens per minute (TPM): Limit 6000, Requested 9000',
        'rate_limit_exceeded',
        'tokens',
      ),
      [413, 'request_too_large', /organization `\*\*\*` on tokens/],
    ],
    [
      'Mistral, flat',
      422,
      {
        object: 'error',
        message: { detail: [{ loc: ['body', 'tools'], msg: 'field required', type: 'x' }] },
        type: 'invalid',
      },
      [400, 'invalid_request_error', /body\.tools: field required/],
    ],
    [
      'FastAPI, list',
      422,
      { detail: [{ loc: ['body', 'n'], msg: 'not an int', type: 'x' }] },
      [400, 'invalid_request_error', /body\.n: not an int/],
    ],
    ['FastAPI, text', 400, { detail: 'bad' }, [400, 'invalid_request_error', /bad/]],
    [
      'Ollama, string',
      400,
      { error: 'model requires more memory' },
      [400, 'invalid_request_error', /more memory/],
    ],
    [
      'vLLM, flat',
      400,
      {
        object: 'error',
        message: 'auto tool choice requires --enable-auto-tool-choice',
        type: 'BadRequestError',
        code: 400,
      },
      [400, 'invalid_request_error', /enable-auto-tool-choice/],
    ],
    [
      'DeepSeek, no balance',
      402,
      openai('Insufficient Balance', 'invalid_request_error', 'unknown_error'),
      [402, 'billing_error', /Insufficient Balance/],
    ],
    [
      'OpenRouter, wrapped',
      400,
      {
        error: {
          code: 400,
          message: 'Provider returned error',
          metadata: { provider_name: 'Groq', raw: '{"error":{"message":"bad tool"}}' },
        },
      },
      [400, 'invalid_request_error', /Groq: bad tool/],
    ],
    [
      'OpenRouter, moderation',
      403,
      { error: { code: 403, message: 'flagged', metadata: { reasons: ['x'] } } },
      [403, 'permission_error', /flagged/],
    ],
    [
      'OpenRouter, no credit',
      402,
      { error: { code: 402, message: 'Insufficient credits' } },
      [402, 'billing_error', /credits/],
    ],
    [
      'OpenRouter, edge time-out',
      524,
      { error: { code: 524, message: 'timeout' } },
      [502, 'api_error', /timeout/],
    ],
    ['an overloaded server', 503, 'overloaded', [529, 'overloaded_error', /overloaded/]],
    ['a time-out', 408, '', [504, 'timeout_error', /timed out/]],
    ['a web page', 502, '<html>Bad gateway', [502, 'api_error', /web page \(status 502\)/]],
    [
      'an Anthropic envelope of a proxy',
      529,
      { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
      [529, 'overloaded_error', /Overloaded/],
    ],
  ];
  for (const [name, status, body, [clientStatus, type, message]] of CASES) {
    it(`of ${name} becomes ${clientStatus} ${type}`, () => {
      const error = decode(status, body);
      assert.equal(error.status, clientStatus);
      assert.equal(error.type, type);
      assert.match(error.message, message);
      assert.equal(error.upstreamStatus, status);
      assert.equal(error.body, null);
    });
  }

  it('shows no key, account, path or stack trace', () => {
    const secrets =
      'Key gsk_abcdefgh1234 and xai-abcdefgh1234 of org-Ab12Cd34 (account 0f8fad5b-d9cb-469f-a165-70867728950e) failed in /usr/lib/python3/vllm/engine.py';
    const traces = [
      'Traceback (most recent call last):\n  File "engine.py", line 3, in run',
      '\n    at Object.run (server.js:3:7)',
      '\n  File "engine.py", line 3, in run',
    ];
    for (const trace of traces) {
      const { message } = decode(500, { error: { message: `${secrets} ${trace}` } });
      assert.doesNotMatch(
        message,
        /gsk_a|xai-a|Ab12|0f8fad5b|\/usr|engine\.py|server\.js|Traceback/,
      );
      assert.match(message, /^\[openai-compatible\] Key \*\*\* and/);
    }
  });
});

const ERRORS = recordings(
  ['openai-compatible', 'openrouter', 'github-models'],
  '.response.json',
).filter(({ name }) => name.includes('error-'));

describe('recorded errors', { skip: missing(ERRORS) }, () => {
  const EXPECTED: Readonly<Record<string, readonly [number, string]>> = {
    '400-too-long': [400, 'invalid_request_error'],
    '401': [502, 'api_error'],
    '404': [404, 'not_found_error'],
    '429': [429, 'rate_limit_error'],
  };
  for (const { name, bytes } of ERRORS) {
    it(`${name} never reaches the client as a 401`, () => {
      const kind = /error-([\w-]+)\./.exec(name)?.[1] ?? '';
      const error = decode(Number(kind.slice(0, 3)), bytes.toString());
      assert.deepEqual([error.status, error.type], EXPECTED[kind]);
    });
  }
});
