import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode } from '../support/decode.ts';

describe('other dialects', () => {
  const google429 = {
    error: {
      code: 429,
      status: 'RESOURCE_EXHAUSTED',
      message: 'Quota exceeded',
      details: [{ '@type': 'x/RetryInfo', retryDelay: '48s' }],
    },
  };
  const cases: [
    string,
    number,
    string | object,
    { status: number; type: string; isFailover: boolean; message: RegExp },
  ][] = [
    [
      'a Google quota',
      429,
      google429,
      { status: 429, type: 'rate_limit_error', isFailover: true, message: /Quota/ },
    ],
    [
      'a Google quota in an array',
      429,
      [google429],
      { status: 429, type: 'rate_limit_error', isFailover: true, message: /Quota/ },
    ],
    [
      'an unavailable Google',
      503,
      { error: { code: 503, status: 'UNAVAILABLE', message: 'busy' } },
      { status: 529, type: 'overloaded_error', isFailover: true, message: /busy/ },
    ],
    [
      'a Google denial',
      403,
      {
        error: {
          code: 403,
          status: 'PERMISSION_DENIED',
          message: 'Permission denied on projects/acme-prod-7',
        },
      },
      {
        status: 502,
        type: 'api_error',
        isFailover: true,
        message: /^provider vertex-claude rejected/,
      },
    ],
    [
      'an expired token',
      401,
      { error: { code: 401, status: 'UNAUTHENTICATED', message: 'Bearer ya29.secretsecret' } },
      { status: 502, type: 'api_error', isFailover: true, message: /rejected/ },
    ],
    [
      'a missing model',
      404,
      {
        error: {
          code: 404,
          message: 'Publisher Model `projects/acme-prod-7/…` was not found',
          status: 'NOT_FOUND',
        },
      },
      {
        status: 404,
        type: 'not_found_error',
        isFailover: true,
        message: /^model: claude-opus-5-5$/,
      },
    ],
    [
      'a retired service',
      410,
      'gone',
      { status: 404, type: 'not_found_error', isFailover: true, message: /^model:/ },
    ],
    [
      'no credit',
      402,
      { error: { code: 402, message: 'Insufficient credits' } },
      { status: 402, type: 'billing_error', isFailover: true, message: /Insufficient/ },
    ],
    [
      'a wrapped OpenRouter error',
      400,
      {
        error: {
          code: 400,
          message: 'Provider returned error',
          metadata: { provider_name: 'Bedrock', raw: '{"error":{"message":"bad tool"}}' },
        },
      },
      {
        status: 400,
        type: 'invalid_request_error',
        isFailover: false,
        message: /Bedrock: bad tool/,
      },
    ],
    [
      'moderation',
      403,
      {
        error: { code: 403, message: 'flagged', metadata: { reasons: ['x'], flagged_input: 'y' } },
      },
      { status: 403, type: 'permission_error', isFailover: true, message: /flagged/ },
    ],
    [
      'an OpenAI overflow',
      400,
      {
        error: {
          message:
            "This model's maximum context length is 128000 tokens. However, you requested 130001 tokens (130000 in the messages, 1 in the completion).",
          code: 'context_length_exceeded',
        },
      },
      {
        status: 400,
        type: 'invalid_request_error',
        isFailover: false,
        message: /^prompt is too long: 130000 tokens > 128000 maximum$/,
      },
    ],
    [
      'an OpenAI overflow by its output',
      400,
      {
        error: {
          message:
            "This model's maximum context length is 128000 tokens. However, you requested 130000 tokens (100000 in the messages, 30000 in the completion).",
        },
      },
      {
        status: 400,
        type: 'invalid_request_error',
        isFailover: false,
        message: /^input length and `max_tokens` exceed context limit: 100000 \+ 30000 > 128000/,
      },
    ],
    [
      'a Gemini overflow',
      400,
      {
        error: {
          code: 400,
          message:
            'The input token count (1250074) exceeds the maximum number of tokens allowed (1048576).',
          status: 'INVALID_ARGUMENT',
        },
      },
      {
        status: 400,
        type: 'invalid_request_error',
        isFailover: false,
        message: /^prompt is too long: 1250074 tokens > 1048576 maximum$/,
      },
    ],
    [
      'an overflow without numbers',
      400,
      { error: { message: 'Input is too long for requested model.' } },
      {
        status: 400,
        type: 'invalid_request_error',
        isFailover: false,
        message: /^prompt is too long: 300000 tokens > 200000 maximum$/,
      },
    ],
    [
      'an overflow by code',
      400,
      {
        error: {
          code: 400,
          message: 'too much',
          metadata: { error_type: 'context_length_exceeded' },
        },
      },
      {
        status: 400,
        type: 'invalid_request_error',
        isFailover: false,
        message: /^prompt is too long/,
      },
    ],
    [
      'a web page',
      404,
      '<!DOCTYPE html><p>404',
      { status: 404, type: 'not_found_error', isFailover: true, message: /^model/ },
    ],
    [
      'a web page of a proxy',
      500,
      '<html>',
      { status: 502, type: 'api_error', isFailover: true, message: /web page \(status 500\)/ },
    ],
    [
      'plain text',
      500,
      'upstream connect error',
      { status: 502, type: 'api_error', isFailover: true, message: /connect error/ },
    ],
    [
      'a redirect',
      302,
      '',
      { status: 502, type: 'api_error', isFailover: true, message: /redirect/ },
    ],
    [
      'a time-out',
      504,
      '',
      { status: 504, type: 'timeout_error', isFailover: true, message: /timed out/ },
    ],
    [
      'a large body',
      413,
      '',
      { status: 413, type: 'request_too_large', isFailover: false, message: /too large/ },
    ],
    [
      'a FastAPI detail',
      422,
      { detail: 'field required' },
      { status: 400, type: 'invalid_request_error', isFailover: false, message: /field required/ },
    ],
    [
      'a string error',
      400,
      { error: 'no such thing' },
      { status: 400, type: 'invalid_request_error', isFailover: false, message: /no such thing/ },
    ],
    [
      'nothing at all',
      500,
      '',
      { status: 502, type: 'api_error', isFailover: true, message: /status 500/ },
    ],
  ];
  for (const [name, status, body, expected] of cases) {
    it(`maps ${name}`, () => {
      const error = decode(status, body);
      assert.equal(error.status, expected.status);
      assert.equal(error.type, expected.type);
      assert.equal(error.isFailover, expected.isFailover);
      assert.match(error.message, expected.message);
      assert.equal(error.body, null);
      assert.equal(error.upstreamStatus, status);
    });
  }

  it('shows neither projects nor credentials', () => {
    const secret = {
      error: {
        code: 400,
        message:
          'project acme-prod-7 (projects/acme-prod-7, project 123456789012) with sk-or-v1-abcdefgh',
      },
    };
    const error = decode(400, secret);
    assert.doesNotMatch(error.message, /acme-prod|123456789012|abcdefgh/);
  });

  it('masks projects in an Anthropic envelope of Vertex AI', () => {
    const envelope = {
      type: 'error',
      error: { type: 'invalid_request_error', message: 'projects/acme-prod-7/x: bad' },
    };
    const error = decode(400, envelope);
    assert.equal(
      error.body,
      '{"type":"error","error":{"type":"invalid_request_error","message":"projects/***/x: bad"}}',
    );
  });
});
