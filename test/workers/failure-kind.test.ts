import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GatewayError } from '../../schemas/error.ts';
import type { FailureKind } from '../../schemas/observation.ts';
import { replyError } from '../../workers/errors/reply-errors.ts';
import {
  failureOfCall,
  failureOfRefusal,
  failureOfReport,
  failureOfThrown,
} from '../../workers/failure-kind.ts';
import { readRefusal } from '../../workers/rate-limits/read-windows.ts';
import { anthropicMessages } from '../../workers/wire/anthropic-messages.ts';
import { geminiGenerate } from '../../workers/wire/gemini-generate.ts';
import { openaiChat } from '../../workers/wire/openai-chat.ts';
import type { DecodeContext, Wire } from '../../workers/wire.ts';
import { plainPrompt } from './support/prompt.ts';

const CONTEXT: DecodeContext = {
  providerId: 'openrouter',
  requestId: 'req_test',
  requestModel: 'claude-opus-5-5',
  inputTokensEstimate: 300_000,
  expectedPrompt: plainPrompt(300_000),
  upstreamModel: 'claude-opus-5-5',
  thinkingDisplay: 'shown',
  toolNames: new Map(),
  remember: () => {},
};

const envelope = (type: string, message = 'm'): object => ({
  type: 'error',
  error: { type, message },
});

const refusals: [FailureKind, string, number, unknown, { wire?: Wire; after?: string }?][] = [
  ['rate_limited', 'Anthropic', 429, envelope('rate_limit_error')],
  ['overloaded', 'Anthropic', 529, envelope('overloaded_error')],
  ['server_error', 'Anthropic', 500, envelope('api_error')],
  ['timeout', 'Anthropic', 504, envelope('timeout_error')],
  ['request', 'Anthropic', 400, envelope('invalid_request_error')],
  ['request', 'Anthropic', 413, envelope('request_too_large')],
  ['request', 'Anthropic', 422, envelope('invalid_request_error')],
  ['credential', 'Anthropic', 401, envelope('authentication_error')],
  ['credential', 'Anthropic', 403, envelope('permission_error')],
  ['billing', 'Anthropic', 402, envelope('billing_error')],
  ['not_served', 'Anthropic', 404, envelope('not_found_error')],
  [
    'billing',
    'Anthropic without credit',
    400,
    envelope(
      'invalid_request_error',
      'Your credit balance is too low to access the Anthropic API.',
    ),
  ],
  [
    'billing',
    'a spend limit of Anthropic',
    429,
    {
      type: 'error',
      error: {
        type: 'rate_limit_error',
        message: 'm',
        details: { error_code: 'enforced_spend_limit_reached' },
      },
    },
  ],
  ['server_error', 'a proxy', 502, '<html>bad gateway'],
  ['malformed', 'a redirect', 302, '<html>moved'],
  ['overloaded', 'a proxy', 503, 'upstream connect error'],
  ['not_served', 'a retired service', 410, ''],
  ['not_served', 'a method that is missing', 501, ''],
  ['timeout', 'an edge', 524, ''],
  ['server_error', 'OpenAI', 500, { error: { message: 'm' } }, { wire: openaiChat }],
  [
    'billing',
    'OpenAI without credit',
    429,
    { error: { message: 'm', code: 'insufficient_quota' } },
    { wire: openaiChat },
  ],
  [
    'billing',
    'OpenRouter without credit',
    402,
    { error: { message: 'm', code: 402 } },
    { wire: openaiChat },
  ],
  [
    'rate_limited',
    'OpenRouter with its credit in flight',
    402,
    { error: { message: 'm', code: 402 } },
    { wire: openaiChat, after: '2' },
  ],
  [
    'request',
    'OpenRouter’s moderation',
    403,
    { error: { message: 'm', code: 403, metadata: { reasons: ['x'] } } },
    { wire: openaiChat },
  ],
  [
    'request',
    'a server that calls a long prompt an inner error',
    500,
    { error: { message: 'm', code: 'context_length_exceeded' } },
    { wire: openaiChat },
  ],
  [
    'request',
    'Groq, whose model wrote nonsense',
    400,
    { error: { message: 'm', code: 'tool_use_failed' } },
    { wire: openaiChat },
  ],
  [
    'credential',
    'Gemini, a bad key',
    400,
    { error: { code: 400, message: 'API key not valid.', status: 'INVALID_ARGUMENT' } },
    { wire: geminiGenerate },
  ],
  [
    'not_served',
    'Gemini, a country',
    400,
    { error: { code: 400, message: 'User location.', status: 'FAILED_PRECONDITION' } },
    { wire: geminiGenerate },
  ],
  [
    'rate_limited',
    'Vertex',
    429,
    [{ error: { code: 429, message: 'm', status: 'RESOURCE_EXHAUSTED' } }],
    { wire: geminiGenerate },
  ],
];

describe('a refusal is', () => {
  for (const [kind, name, status, body, { wire = anthropicMessages, after } = {}] of refusals) {
    it(`${kind}: ${status} of ${name}`, () => {
      const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
      const headers = after === undefined ? [] : ([['retry-after', after]] as const);
      const error = wire.decodeError(status, headers, bytes, CONTEXT);
      const read = readRefusal({ status, headers, body: bytes });
      assert.equal(failureOfRefusal(status, error, read), kind);
    });
  }
});

describe('a failure inside an answer is', () => {
  const cases: [FailureKind, object][] = [
    ['overloaded', envelope('overloaded_error')],
    ['rate_limited', envelope('rate_limit_error')],
    ['server_error', envelope('api_error')],
    ['credential', envelope('authentication_error')],
    ['overloaded', { error: { code: 503, message: 'm', status: 'UNAVAILABLE' } }],
    ['server_error', { error: { code: 500, message: 'm' } }],
  ];
  for (const [kind, data] of cases) {
    it(`${kind}: ${JSON.stringify(data)}`, () => {
      const decoder = anthropicMessages.createStreamDecoder(CONTEXT);
      decoder.push(Buffer.from(`data: ${JSON.stringify(data)}\n\n`));
      assert.ok(decoder.error !== null);
      assert.equal(failureOfReport(decoder.error), kind);
    });
  }

  it('malformed: a web page, and a stream that ends early', () => {
    for (const text of ['<html>\n\n</html>', '']) {
      const decoder = anthropicMessages.createStreamDecoder(CONTEXT);
      decoder.push(Buffer.from(text));
      decoder.finish();
      assert.ok(decoder.error !== null);
      assert.equal(failureOfReport(decoder.error), 'malformed');
    }
  });
});

it('a call that fails is a time-out, no connection, no HTTP, or the server’s fault once it has the request', () => {
  const kinds = (['timeout', 'unreachable', 'malformed', 'broken'] as const).map((kind) =>
    failureOfCall({ kind, code: 'X', isRequestSent: true }),
  );
  assert.deepEqual(kinds, ['timeout', 'connection', 'malformed', 'server_error']);
});

it('what ends before the call is held against the provider only where it has no credentials to be had', () => {
  const error = (type: 'api_error' | 'timeout_error' | 'not_found_error', status?: number) =>
    new GatewayError(type, 'm', status === undefined ? {} : { status });
  assert.equal(failureOfThrown(new TypeError('a defect')), 'request');
  assert.equal(failureOfThrown(error('api_error', 502)), 'connection');
  assert.equal(failureOfThrown(error('timeout_error')), 'timeout');
  assert.equal(failureOfThrown(error('not_found_error')), 'not_served');
  assert.equal(failureOfThrown(new GatewayError('invalid_request_error', 'm')), 'request');
  assert.equal(
    failureOfReport(replyError('api_error', 'provider x sent nonsense', 502)),
    'malformed',
  );
});
