import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeaderPair } from '../../../schemas/envelope.ts';
import { decode } from '../support/decode.ts';
import { missing, recordings } from '../support/recordings.ts';

const ERRORS = recordings(['anthropic'], '.response.json').filter(({ name }) =>
  name.startsWith('error-4'),
);

function header(headers: readonly HeaderPair[], name: string): string | undefined {
  return headers.find(([known]) => known === name)?.[1];
}

describe('recorded Anthropic errors', { skip: missing(ERRORS) }, () => {
  for (const { name, bytes } of ERRORS) {
    const status = Number(name.slice(6, 9));
    it(`keeps ${name} verbatim unless it is about our credential`, () => {
      const error = decode(status, bytes.toString(), { provider: 'anthropic' });
      assert.equal(error.upstreamStatus, status);
      if (status === 401) {
        assert.deepEqual([error.status, error.type, error.body], [502, 'api_error', null]);
        assert.match(error.message, /provider anthropic rejected the gateway's credentials/);
      } else {
        assert.equal(error.body, bytes.toString());
        assert.equal(error.status, status);
        assert.equal(error.isFailover, status === 404);
      }
    });
  }
});

describe('retry hints', () => {
  const cases: [string, HeaderPair[], object, string][] = [
    ['seconds', [['retry-after', '7']], {}, '7'],
    ['milliseconds', [['retry-after-ms', '2500']], {}, '3'],
    [
      'a date, by the upstream’s clock',
      [
        ['retry-after', 'Wed, 19 Aug 2026 14:34:20 GMT'],
        ['date', 'Wed, 19 Aug 2026 14:34:10 GMT'],
      ],
      {},
      '10',
    ],
    [
      'the longer of two',
      [
        ['retry-after', '1'],
        ['retry-after-ms', '0'],
      ],
      {},
      '1',
    ],
    ['a remaining window', [['x-ratelimit-timeremaining', '12']], {}, '12'],
    ['RetryInfo', [], { details: [{ retryDelay: '48.2s' }] }, '49'],
    ['a sentence', [], { message: 'Please wait 46 seconds before retrying.' }, '46'],
    ['nothing', [], {}, '30'],
    ['nonsense', [['retry-after', 'soon']], {}, '30'],
    ['a day', [['retry-after', '86400']], {}, '60'],
  ];
  for (const [name, headers, error, expected] of cases) {
    it(`reads ${name}`, () => {
      const decoded = decode(429, { error: { code: 429, ...error } }, { headers });
      assert.equal(header(decoded.headers, 'retry-after'), expected);
    });
  }

  it('keeps Anthropic’s own headers, and none that name the account', () => {
    const envelope = { type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } };
    const { headers } = decode(429, envelope, {
      provider: 'anthropic',
      headers: [
        ['retry-after', '3600'],
        ['anthropic-ratelimit-unified-status', 'rejected'],
        ['anthropic-organization-id', 'secret'],
        ['set-cookie', 'x'],
        ['cf-ray', 'y'],
        ['server', 'cloudflare'],
        ['x-should-retry', 'true'],
        ['request-id', 'req_up'],
      ],
    });
    assert.deepEqual(headers, [
      ['retry-after', '3600'],
      ['anthropic-ratelimit-unified-status', 'rejected'],
      ['x-should-retry', 'true'],
      ['x-upstream-request-id', 'req_up'],
    ]);
  });

  it('relays Anthropic’s headers from Anthropic only', () => {
    const { headers } = decode(
      429,
      {},
      { headers: [['anthropic-ratelimit-unified-status', 'rejected']] },
    );
    assert.deepEqual(headers, [['retry-after', '30']]);
  });
});
