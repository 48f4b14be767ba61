/** The rows of protocol.md §7.5 that Google's errors can hit. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeaderPair, ReplyError } from '../../../../schemas/envelope.ts';
import { geminiGenerate } from '../../../../workers/wire/gemini-generate.ts';
import { decodeStream, geminiContext } from '../../support/gemini-answers.ts';
import { missing, recordings } from '../../support/recordings.ts';

const RECORDED = recordings(['vertex-gemini', 'gemini'], '.response.json').filter(({ bytes }) =>
  bytes.includes('"error"'),
);

function decode(status: number, body: string | object, headers: HeaderPair[] = []): ReplyError {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return geminiGenerate.decodeError(status, headers, Buffer.from(text), geminiContext());
}

function google(code: number, status: string, message: string, details: object[] = []): object {
  return { error: { code, message, status, details } };
}

function retryAfter({ headers }: ReplyError): string | undefined {
  return headers.find(([name]) => name === 'retry-after')?.[1];
}

const REJECTED = /^provider vertex-gemini rejected the gateway's credentials$/;
const MODEL = /^model: claude-opus-5-5$/;

describe('recorded errors of Gemini', { skip: missing(RECORDED) }, () => {
  const expected: Record<
    string,
    [status: number, type: string, isFailover: boolean, message: RegExp]
  > = {
    'error-400-context-too-long': [
      400,
      'invalid_request_error',
      false,
      /^prompt is too long: 1250074 tokens > 1048576 maximum$/,
    ],
    'error-400-invalid-role': [
      400,
      'invalid_request_error',
      false,
      /^\[vertex-gemini\] Please use a valid role: user, model\.$/,
    ],
    'error-404-model': [404, 'not_found_error', true, MODEL],
    'fb-error-400-location': [400, 'invalid_request_error', true, /User location is not supported/],
    'fb-error-403-iam': [502, 'api_error', true, REJECTED],
    'fb-error-404-model-not-found': [404, 'not_found_error', true, MODEL],
    'fb-error-429-quota': [429, 'rate_limit_error', true, /Quota exceeded for quota metric/],
    'error-400-bad-key': [502, 'api_error', true, REJECTED],
    'error-429-retry-info': [
      429,
      'rate_limit_error',
      true,
      /GenerateContentPaidTierInputTokensPerModelPerMinute/,
    ],
  };
  for (const { name, bytes } of RECORDED) {
    it(`${name} reaches the client as it should, also in an array and inside a stream`, () => {
      const row = expected[name.replace('.response.json', '')];
      assert.ok(row, 'a recording has an expectation');
      const { code } = JSON.parse(bytes.toString()).error;
      const answers = [
        decode(code, bytes.toString()),
        decode(code, `[${bytes}]`),
        decodeStream(bytes.toString()).error,
      ];
      for (const error of answers) {
        assert.ok(error);
        assert.deepEqual([error.status, error.type, error.isFailover], row.slice(0, 3));
        assert.match(error.message, row[3]);
        assert.doesNotMatch(error.message, /test-project|0000000/);
      }
      assert.deepEqual(
        answers.map((error) => error?.upstreamStatus),
        [code, code, null],
      );
    });
  }
});

describe('errors of Gemini', () => {
  const cases: [string, number, string | object, number, string, boolean, RegExp][] = [
    [
      'a refused token → never 401',
      401,
      google(401, 'UNAUTHENTICATED', 'Bearer ya29.abc-def expired'),
      502,
      'api_error',
      true,
      REJECTED,
    ],
    [
      'a web page of a wrong region → model not found',
      404,
      '<!DOCTYPE html><title>Error 404',
      404,
      'not_found_error',
      true,
      MODEL,
    ],
    ['a web page of a proxy → api_error', 500, '<html>', 502, 'api_error', true, /web page/],
    [
      'UNAVAILABLE → overloaded',
      503,
      google(503, 'UNAVAILABLE', 'busy'),
      529,
      'overloaded_error',
      true,
      /busy/,
    ],
    ['INTERNAL → api_error', 500, google(500, 'INTERNAL', 'oops'), 502, 'api_error', true, /oops/],
    [
      'DEADLINE_EXCEEDED → timeout',
      504,
      google(504, 'DEADLINE_EXCEEDED', 'late'),
      504,
      'timeout_error',
      true,
      /late/,
    ],
    [
      'CANCELLED → api_error, not the fault of the request',
      499,
      google(499, 'CANCELLED', 'The operation was cancelled.'),
      502,
      'api_error',
      true,
      /cancelled/,
    ],
    ['413 → request_too_large', 413, '', 413, 'request_too_large', false, /too large/],
    [
      'a refused schema → 400 with the provider named',
      400,
      google(400, 'INVALID_ARGUMENT', 'Unknown name "x" at \'tools[0]\': Cannot find field.'),
      400,
      'invalid_request_error',
      false,
      /^\[vertex-gemini\] Unknown name "x" at 'tools\[0\]'/,
    ],
    [
      'a missing thought signature → 400',
      400,
      google(400, 'INVALID_ARGUMENT', 'Function call is missing a thought_signature'),
      400,
      'invalid_request_error',
      false,
      /thought_signature/,
    ],
    ['nothing → api_error', 500, '', 502, 'api_error', true, /status 500/],
  ];
  for (const [name, status, body, clientStatus, type, isFailover, message] of cases) {
    it(name, () => {
      const error = decode(status, body);
      assert.deepEqual(
        [error.status, error.type, error.isFailover],
        [clientStatus, type, isFailover],
      );
      assert.match(error.message, message);
      assert.equal(error.upstreamStatus, status);
      assert.equal(error.body, null);
    });
  }

  it('say how long to wait: the longest of RetryInfo, the text and the header, else 30 s', () => {
    const info = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '48s' }];
    const quota = google(429, 'RESOURCE_EXHAUSTED', 'Please retry in 12.5s.', info);
    assert.equal(retryAfter(decode(429, quota)), '48');
    assert.equal(retryAfter(decode(429, [quota])), '48');
    assert.equal(retryAfter(decode(429, quota, [['retry-after', '55']])), '55');
    assert.equal(retryAfter(decode(429, google(429, 'RESOURCE_EXHAUSTED', 'no'))), '30');
    const inside = decodeStream(`data: ${JSON.stringify(quota)}\n\n`).error;
    assert.ok(inside);
    assert.equal(retryAfter(inside), '48');
  });

  it('name the quota that was hit', () => {
    const violations = [
      { quotaId: 'RequestsPerDay' },
      { quotaId: 'RequestsPerDay' },
      { quotaId: 7 },
      { quotaId: '<x>' },
    ];
    const { message } = decode(429, google(429, 'RESOURCE_EXHAUSTED', 'Quota', [{ violations }]));
    assert.equal(message, '[vertex-gemini] Quota (quota RequestsPerDay)');
  });

  it('show neither projects nor paths nor keys', () => {
    const words =
      "consumer 'project_number:123456789012', project acme-prod-7, projects/acme-prod-7/locations/x, key AIzaSyAbcdefghijk at /usr/lib/google/main.py:3; see https://ai.google.dev/app/docs";
    const { message } = decode(400, google(400, 'INVALID_ARGUMENT', words));
    assert.doesNotMatch(message, /123456789012|acme-prod|AIzaSy|main\.py/);
    assert.match(message, /https:\/\/ai\.google\.dev\/app\/docs/);
  });

  it('inside a stream count by their name where they have no number', () => {
    const rows: [string, number][] = [
      ['INVALID_ARGUMENT', 400],
      ['UNAUTHENTICATED', 502],
      ['PERMISSION_DENIED', 502],
      ['NOT_FOUND', 404],
      ['RESOURCE_EXHAUSTED', 429],
      ['UNAVAILABLE', 529],
      ['DEADLINE_EXCEEDED', 504],
      ['INTERNAL', 502],
      ['SOMETHING_NEW', 502],
    ];
    for (const [status, expected] of rows) {
      const { error } = decodeStream(
        `data: ${JSON.stringify({ error: { status, message: 'm' } })}\n\n`,
      );
      assert.equal(error?.status, expected, status);
    }
  });
});
