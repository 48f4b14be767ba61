import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeaderPair } from '../../../schemas/envelope.ts';
import type { WindowReading } from '../../../schemas/observation.ts';
import { readWindows } from '../../../workers/rate-limits/read-windows.ts';

const DATE: HeaderPair = ['date', 'Wed, 19 Aug 2026 14:34:10 GMT'];
const DATE_MS = Date.parse(DATE[1]);

/** A reading, as `kind scope period limit/remaining reset`, in milliseconds. */
function short({ kind, scope, periodMs, limit, remaining, resetInMs }: WindowReading): string {
  return `${kind} ${scope} ${periodMs} ${limit}/${remaining} ${resetInMs}`;
}

function read(headers: Record<string, string>): string[] {
  return readWindows([DATE, ...Object.entries(headers)]).map(short);
}

const dialects: [name: string, headers: Record<string, string>, expected: string[]][] = [
  [
    'Anthropic',
    {
      'anthropic-ratelimit-requests-limit': '10000',
      'anthropic-ratelimit-requests-remaining': '9999',
      'anthropic-ratelimit-requests-reset': '2026-08-19T14:34:09Z',
      'anthropic-ratelimit-tokens-limit': '12000000',
      'anthropic-ratelimit-tokens-remaining': '11999000',
      'anthropic-ratelimit-tokens-reset': '2026-08-19T14:34:10.500Z',
      'anthropic-ratelimit-input-tokens-limit': '10000000',
      'anthropic-ratelimit-input-tokens-remaining': '0',
      'anthropic-ratelimit-input-tokens-reset': '2026-08-19T14:35:10Z',
      'anthropic-ratelimit-output-tokens-limit': '2000000',
      'anthropic-ratelimit-output-tokens-remaining': '2000000',
      'anthropic-ratelimit-output-tokens-reset': '2026-08-19T14:34:11+00:00',
    },
    [
      'requests model 60000 10000/9999 0',
      'input_tokens model 60000 10000000/0 60000',
      'output_tokens model 60000 2000000/2000000 1000',
      'tokens model 60000 12000000/11999000 500',
    ],
  ],
  [
    'Anthropic, priority tier beside the standard one',
    {
      'anthropic-ratelimit-input-tokens-limit': '100',
      'anthropic-ratelimit-input-tokens-remaining': '90',
      'anthropic-priority-input-tokens-limit': '50',
      'anthropic-priority-input-tokens-remaining': '0',
    },
    ['input_tokens model 60000 100/90 null'],
  ],
  [
    'Anthropic, priority tier alone',
    {
      'anthropic-priority-output-tokens-limit': '50',
      'anthropic-priority-output-tokens-remaining': '20',
    },
    ['output_tokens model 60000 50/20 null'],
  ],
  [
    'a subscription that is used up',
    {
      'anthropic-ratelimit-unified-status': 'rejected',
      'anthropic-ratelimit-unified-reset': String(DATE_MS / 1_000 + 3_600),
    },
    ['requests account null null/0 3600000'],
  ],
  [
    'a subscription with something left',
    {
      'anthropic-ratelimit-unified-status': 'allowed_warning',
      'anthropic-ratelimit-unified-reset': String(DATE_MS / 1_000 + 3_600),
    },
    [],
  ],
  [
    'OpenAI',
    {
      'x-ratelimit-limit-requests': '30000',
      'x-ratelimit-remaining-requests': '29999',
      'x-ratelimit-reset-requests': '2ms',
      'x-ratelimit-limit-tokens': '150000000',
      'x-ratelimit-remaining-tokens': '149998385',
      'x-ratelimit-reset-tokens': '6m0s',
    },
    ['requests model null 30000/29999 2', 'tokens model null 150000000/149998385 360000'],
  ],
  [
    'Groq',
    {
      'x-ratelimit-limit-requests': '14400',
      'x-ratelimit-remaining-requests': '14370',
      'x-ratelimit-reset-requests': '1h2m59.56s',
      'x-ratelimit-limit-tokens': '18000',
      'x-ratelimit-remaining-tokens': '17997',
      'x-ratelimit-reset-tokens': '7.66s',
    },
    ['requests model null 14400/14370 3779560', 'tokens model null 18000/17997 7660'],
  ],
  [
    'Azure',
    {
      'x-ratelimit-limit-requests': '50',
      'x-ratelimit-remaining-requests': '49',
      'x-ratelimit-reset-requests': '12',
      'x-ratelimit-renewalperiod-requests': '60',
    },
    ['requests model 60000 50/49 12000'],
  ],
  [
    'Mistral',
    {
      'x-ratelimit-limit-req-minute': '60',
      'x-ratelimit-remaining-req-minute': '59',
      'x-ratelimit-limit-tokens-minute': '500000',
      'x-ratelimit-remaining-tokens-minute': '499000',
    },
    ['requests model 60000 60/59 null', 'tokens model 60000 500000/499000 null'],
  ],
  [
    'Cerebras',
    {
      'x-ratelimit-limit-requests-day': '1000000',
      'x-ratelimit-remaining-requests-day': '999000',
      'x-ratelimit-reset-requests-day': '33011.382867',
      'x-ratelimit-remaining-tokens-minute': '10',
    },
    ['tokens model 60000 null/10 null', 'requests model 86400000 1000000/999000 33011382.867'],
  ],
  [
    'OpenRouter',
    {
      'x-ratelimit-limit': '20',
      'x-ratelimit-remaining': '3',
      'x-ratelimit-reset': String(DATE_MS + 45_000),
    },
    ['requests model null 20/3 45000'],
  ],
  [
    'GitHub',
    { 'x-ratelimit-type': 'UserByModelByDay', 'x-ratelimit-timeremaining': '4600' },
    ['requests model 86400000 null/0 4600000'],
  ],
  [
    'GitHub, tokens of the account',
    { 'x-ratelimit-type': 'TokensByUserByMinute', 'x-ratelimit-timeremaining': '46' },
    ['tokens account 60000 null/0 46000'],
  ],
  ['a server that says nothing', { 'x-request-id': 'req_1', 'retry-after': '4' }, []],
  [
    'a server that says nonsense',
    {
      'x-ratelimit-limit-requests': 'many',
      'x-ratelimit-remaining-requests': '-1',
      'x-ratelimit-reset-requests': 'soon',
      'anthropic-ratelimit-tokens-reset': 'tomorrow',
      'anthropic-ratelimit-requests-limit': '1e99999',
    },
    [],
  ],
];

describe('rate-limit headers', () => {
  for (const [name, headers, expected] of dialects) {
    it(`of ${name}`, () => assert.deepEqual(read(headers), expected));
  }

  it('without a date tell no moment, and durations all the same', () => {
    const headers: HeaderPair[] = [
      ['anthropic-ratelimit-requests-remaining', '5'],
      ['anthropic-ratelimit-requests-reset', '2026-08-19T14:35:10Z'],
      ['x-ratelimit-remaining-tokens', '7'],
      ['x-ratelimit-reset-tokens', '90s'],
    ];
    assert.deepEqual(readWindows(headers).map(short), [
      'requests model 60000 null/5 null',
      'tokens model null null/7 90000',
    ]);
  });
});
