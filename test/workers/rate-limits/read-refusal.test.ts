import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { HeaderPair } from '../../../schemas/envelope.ts';
import type { WindowReading } from '../../../schemas/observation.ts';
import { type RefusalReading, readRefusal } from '../../../workers/rate-limits/read-windows.ts';
import { missing, recordings } from '../support/recordings.ts';

const DATE: HeaderPair = ['date', 'Wed, 19 Aug 2026 14:34:10 GMT'];

function refusal(
  body: unknown,
  { status = 429, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): RefusalReading {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return readRefusal({
    status,
    headers: [DATE, ...Object.entries(headers)],
    body: Buffer.from(text),
  });
}

/** A refusal, as `limitedBy after | kind scope period limit/remaining reset | …`. */
function short({ windows, retryAfterMs, limitedBy }: RefusalReading): string {
  const shorts = windows.map(
    ({ kind, scope, periodMs, limit, remaining, resetInMs }: WindowReading) =>
      `${kind} ${scope} ${periodMs} ${limit}/${remaining} ${resetInMs}`,
  );
  return [`${limitedBy} ${retryAfterMs}`, ...shorts].join(' | ');
}

const saying = (message: string): object => ({ error: { message } });

const ANTHROPIC = {
  type: 'error',
  error: {
    type: 'rate_limit_error',
    message:
      "This request would exceed your organization's rate limit of 50,000 input tokens per minute. For details, refer to: https://docs.claude.com/en/api/rate-limits.",
  },
};
const VERTEX_SENTENCE =
  'Quota exceeded for aiplatform.googleapis.com/online_prediction_input_tokens_per_minute_per_base_model with base model: anthropic-claude-opus-4. Please submit a quota increase request. https://cloud.google.com/vertex-ai/docs/generative-ai/quotas-genai.';

const dialects: [string, unknown, Parameters<typeof refusal>[1], string][] = [
  [
    'Anthropic, the window from its sentence, its state from the headers',
    ANTHROPIC,
    {
      headers: {
        'retry-after': '41',
        'anthropic-ratelimit-input-tokens-limit': '50000',
        'anthropic-ratelimit-input-tokens-remaining': '2000',
        'anthropic-ratelimit-input-tokens-reset': '2026-08-19T14:34:51Z',
        'anthropic-ratelimit-requests-limit': '50',
        'anthropic-ratelimit-requests-remaining': '49',
      },
    },
    'input_tokens 41000 | input_tokens model 60000 50000/0 41000',
  ],
  [
    'Anthropic, used up by its headers',
    { type: 'error', error: { type: 'rate_limit_error', message: 'Number of requests.' } },
    {
      headers: {
        'anthropic-ratelimit-requests-limit': '50',
        'anthropic-ratelimit-requests-remaining': '0',
        'anthropic-ratelimit-requests-reset': '2026-08-19T14:34:40Z',
        'anthropic-ratelimit-tokens-remaining': '900',
      },
    },
    'requests null | requests model 60000 50/0 30000',
  ],
  [
    'Groq',
    saying(
      'Rate limit reached for model `llama-4` in organization `org_1` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Used 5000, Requested 2000. Please try again in 9.9s. Need more tokens?',
    ),
    {},
    'tokens 9900 | tokens model 60000 6000/1000 null',
  ],
  [
    'Groq, a day',
    saying(
      'Rate limit reached for model `llama-4` on requests per day (RPD): Limit 1000, Used 1000, Requested 1. Please try again in 1m26.4s.',
    ),
    {},
    'requests 86400 | requests model 86400000 1000/0 null',
  ],
  [
    'Groq, a prompt larger than the minute',
    saying(
      'Request too large for model `llama-4` on tokens per minute (TPM): Limit 6000, Requested 9000, please reduce your message size.',
    ),
    { status: 413 },
    'null null | tokens model 60000 6000/null null',
  ],
  [
    'OpenAI',
    saying(
      'Rate limit reached for gpt-5 in organization org-x on input tokens per min (TPM): Limit 30,000, Used 28,000, Requested 4,000. Please try again in 4s.',
    ),
    { headers: { 'retry-after-ms': '4100' } },
    'input_tokens 4100 | input_tokens model 60000 30000/2000 null',
  ],
  [
    'Azure OpenAI',
    saying(
      'Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-05-01 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 26 seconds.',
    ),
    {},
    'tokens 26000 | tokens model null null/0 null',
  ],
  [
    'Mistral',
    { object: 'error', message: 'Requests rate limit exceeded', code: '1300' },
    { headers: { 'x-ratelimit-limit-req-minute': '60', 'x-ratelimit-remaining-req-minute': '0' } },
    'requests null | requests model 60000 60/0 null',
  ],
  [
    'GitHub',
    {
      error: {
        code: 'RateLimitReached',
        message:
          'Rate limit of 10 per 60s exceeded for UserByModelByMinute. Please wait 46 seconds before retrying.',
      },
    },
    { headers: { 'retry-after': '46', 'x-ratelimit-timeremaining': '46' } },
    'requests 46000 | requests model 60000 10/0 null',
  ],
  [
    'OpenRouter, its free models',
    {
      error: {
        code: 429,
        message: 'Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000.',
        metadata: {
          headers: {
            'X-RateLimit-Limit': '50',
            'X-RateLimit-Remaining': '0',
            'X-RateLimit-Reset': String(Date.parse(DATE[1]) + 7_200_000),
          },
        },
      },
    },
    {},
    'requests 7200000 | requests model 86400000 50/0 7200000',
  ],
  [
    'OpenRouter, its own upstream',
    {
      error: {
        code: 429,
        message: 'Provider returned error',
        metadata: {
          provider_name: 'Groq',
          raw: '{"error":{"message":"Rate limit reached on tokens per minute (TPM): Limit 100, Used 99, Requested 5. Please try again in 2s."}}',
        },
      },
    },
    {},
    'tokens 2000 | tokens model 60000 100/1 null',
  ],
  [
    'Vertex Claude, in an array',
    [{ error: { code: 429, message: VERTEX_SENTENCE, status: 'RESOURCE_EXHAUSTED' } }],
    {},
    'input_tokens null | input_tokens model 60000 null/0 null',
  ],
  [
    'Gemini, a free day',
    {
      error: {
        code: 429,
        message: 'You exceeded your current quota.',
        status: 'RESOURCE_EXHAUSTED',
        details: [
          {
            violations: [
              { quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier', quotaValue: '250' },
            ],
          },
          { retryDelay: '30.5s' },
        ],
      },
    },
    {},
    'requests 30500 | requests model 86400000 250/0 null',
  ],
  [
    'Vertex that is merely exhausted',
    { error: { code: 429, message: 'Resource exhausted, please try again later.' } },
    {},
    'null null',
  ],
  ['plain text', 'Too many requests', {}, 'null null'],
  ['an empty body', '', { headers: { 'retry-after': '86400' } }, 'null 86400000'],
  [
    'another status',
    saying('Rate limit of 10 per 60s exceeded for UserByModelByMinute.'),
    { status: 503, headers: { 'retry-after': '5' } },
    'null 5000',
  ],
];

describe('a refusal', () => {
  for (const [name, body, options, expected] of dialects) {
    it(`of ${name}`, () => assert.equal(short(refusal(body, options)), expected));
  }
});

const EXPECTED = new Map([
  [
    'gemini/error-429-retry-info',
    'input_tokens 48939.935699 | input_tokens model 60000 1000000/0 null',
  ],
  ['vertex-gemini/fb-error-429-quota', 'requests null | requests account 60000 null/0 null'],
  ['github-models/azure-inference-error-429', 'null 1000'],
]);
const RECORDED = ['gemini', 'vertex-gemini', 'github-models', 'anthropic', 'openrouter']
  .flatMap((folder) => recordings([folder], '.meta.json').map((meta) => ({ folder, ...meta })))
  .filter(({ name }) => name.includes('error-429'));

describe('a recorded refusal', { skip: missing(RECORDED) }, () => {
  for (const { folder, name, bytes } of RECORDED) {
    it(`${folder}/${name}`, () => {
      const meta = JSON.parse(bytes.toString());
      const [response] = recordings([folder], meta.response_file);
      const headers = Object.entries<string>(meta.response_headers);
      const body = response?.bytes ?? Buffer.alloc(0);
      const read = readRefusal({ status: meta.status, headers, body });
      assert.equal(short(read), EXPECTED.get(`${folder}/${name.replace('.meta.json', '')}`));
    });
  }
});

const word = fc.constantFrom(
  'anthropic-ratelimit-tokens-limit',
  'anthropic-ratelimit-unified-status',
  'anthropic-ratelimit-requests-reset',
  'x-ratelimit-reset',
  'x-ratelimit-reset-tokens',
  'x-ratelimit-type',
  'x-ratelimit-timeremaining',
  'x-ratelimit-renewalperiod-requests',
  'retry-after',
  'retry-after-ms',
  'date',
);
const value = fc.oneof(
  fc.string(),
  fc.double().map(String),
  fc.constantFrom('rejected', '-1', '1e400', '0', 'Infinity', '9'.repeat(400), '1d2h3m4s5ms'),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
);
const names = fc.constantFrom(
  'error',
  'message',
  'details',
  'violations',
  'quotaId',
  'quotaValue',
  'metadata',
  'quota_limit_value',
  'quota_limit',
  'headers',
  'retryDelay',
);
const sentence = fc
  .tuple(fc.constantFrom('on tokens per minute (TPM): Limit ', 'rate limit of '), fc.string())
  .map((parts) => parts.join(''));
const json = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    fc.oneof(fc.string(), fc.double(), fc.constant(null), sentence, value),
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(names, tie('node'), { maxKeys: 4 }),
  ),
})).node;

describe('any answer', () => {
  it('gives numbers that are finite and not negative, and never throws', () => {
    const property = fc.property(
      fc.array(fc.tuple(word, value), { maxLength: 8 }),
      fc.oneof(
        json.map((node) => JSON.stringify(node)),
        fc.string(),
      ),
      fc.constantFrom(400, 413, 429, 503),
      (headers, text, status) => {
        const read = readRefusal({ status, headers, body: Buffer.from(text) });
        const numbers = read.windows.flatMap(({ periodMs, limit, remaining, resetInMs }) => [
          periodMs,
          limit,
          remaining,
          resetInMs,
        ]);
        for (const number of [...numbers, read.retryAfterMs]) {
          assert.ok(number === null || (Number.isFinite(number) && number >= 0), `${number}`);
        }
        for (const { limit, periodMs } of read.windows) {
          assert.notEqual(limit, 0);
          assert.notEqual(periodMs, 0);
        }
      },
    );
    fc.assert(property, { numRuns: 2_000 });
  });

  it('is read in time that grows with its length only', () => {
    const hostile = [
      'rate limit of '.repeat(20_000),
      `on ${'tokens per '.repeat(20_000)}`,
      `try again in ${'1'.repeat(200_000)}`,
      `wait ${'1.'.repeat(100_000)}`,
      'a.googleapis.com/'.repeat(20_000),
    ];
    for (const message of hostile) {
      const startedAt = process.cpuUsage();
      refusal(saying(message));
      const { user } = process.cpuUsage(startedAt);
      assert.ok(user < 250_000, `${user} µs for ${message.slice(0, 20)}`);
    }
  });
});
