/** Errors whose numbers count: full contexts and rate limits, protocol reference §7.5. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeaderPair } from '../../../../schemas/envelope.ts';
import { openaiChat } from '../../../../workers/wire/openai-chat.ts';
import { chatContext } from '../../support/chat-decode.ts';

function decode(status: number, body: string | object, headers: readonly HeaderPair[] = []) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const context = chatContext({ inputTokensEstimate: 300_000 });
  return openaiChat.decodeError(status, headers, Buffer.from(text), context);
}

function openai(message: string, code: string | null, type = 'invalid_request_error'): object {
  return { error: { message, type, param: null, code } };
}

describe('an error answer', () => {
  const OVERFLOWS: readonly [name: string, message: string, expected: RegExp][] = [
    [
      'OpenAI',
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 130001 tokens.",
      /^prompt is too long: 130001 tokens > 128000 maximum$/,
    ],
    [
      'OpenAI, of today',
      'Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 301234 tokens.',
      /^prompt is too long: 301234 tokens > 272000 maximum$/,
    ],
    [
      'OpenRouter',
      "This endpoint's maximum context length is 200000 tokens. However, you requested about 250000 tokens (240000 of text input, 10000 in the output).",
      /^prompt is too long: 240000 tokens > 200000 maximum$/,
    ],
    [
      'vLLM',
      "This model's maximum context length is 4096 tokens and your request has 5000 input tokens",
      /^prompt is too long: 5000 tokens > 4096 maximum$/,
    ],
    [
      'vLLM, of today',
      "You passed 5000 input tokens and requested 100 output tokens. However, the model's context length is only 4096 tokens",
      /^prompt is too long: 5000 tokens > 4096 maximum$/,
    ],
    [
      'vLLM, output',
      "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context length is 8192 tokens and your request has 1000 input tokens (8192 > 8192 - 1000).",
      /^input length and `max_tokens` exceed context limit: 1000 \+ 8192 > 8192,/,
    ],
    [
      'xAI',
      "This model's maximum prompt length is 131072 but the request contains 200000 tokens.",
      /^prompt is too long: 200000 tokens > 131072 maximum$/,
    ],
    [
      'Mistral',
      'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
      /^prompt is too long: 40000 tokens > 32768 maximum$/,
    ],
    [
      'Moonshot',
      'Invalid request: Your request exceeded model token limit: 131072 (requested: 140000)',
      /^prompt is too long: 140000 tokens > 131072 maximum$/,
    ],
    [
      'llama.cpp',
      'request (9000 tokens) exceeds the available context size (4096 tokens), try increasing it',
      /^prompt is too long: 9000 tokens > 4096 maximum$/,
    ],
    [
      'LM Studio',
      'Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens',
      /^prompt is too long: 300000 tokens > 4096 maximum$/,
    ],
    [
      'Ollama',
      'prompt too long; exceeded max context length by 12 tokens',
      /^prompt is too long: 300000 tokens > 299988 maximum$/,
    ],
  ];
  for (const [name, message, expected] of OVERFLOWS) {
    it(`about a full context (${name}) is worded so that Claude Code compacts`, () => {
      const error = decode(400, openai(message, null));
      assert.equal(error.status, 400);
      assert.equal(error.type, 'invalid_request_error');
      assert.match(error.message, expected);
      assert.equal(error.isFailover, false);
    });
  }
});

describe('how long to wait', () => {
  const CASES: readonly [
    name: string,
    headers: readonly HeaderPair[],
    message: string,
    seconds: string,
  ][] = [
    ['nobody says', [], 'slow', '30'],
    [
      'Azure says both, and the longer counts',
      [
        ['retry-after', '1'],
        ['retry-after-ms', '0'],
      ],
      'slow',
      '1',
    ],
    ['GitHub Models says it in a header', [['x-ratelimit-timeremaining', '46']], 'slow', '46'],
    ['GitHub Models says it in words', [], 'Please wait 46 seconds before retrying.', '46'],
    ['OpenAI says it in words', [], 'Please try again in 7.66s. Visit', '8'],
    ['OpenAI says it in minutes: cut', [], 'Please try again in 6m0s.', '60'],
    ['OpenAI says it in milliseconds', [], 'Please try again in 20ms.', '1'],
    [
      'a used-up limit resets',
      [
        ['x-ratelimit-remaining-tokens', '0'],
        ['x-ratelimit-reset-tokens', '12.5s'],
        ['x-ratelimit-remaining-requests', '9'],
        ['x-ratelimit-reset-requests', '6m0s'],
      ],
      'slow',
      '13',
    ],
    [
      'Azure counts plain seconds',
      [
        ['x-ratelimit-remaining-requests', '0'],
        ['x-ratelimit-reset-requests', '17'],
      ],
      'slow',
      '17',
    ],
    [
      'OpenRouter names the moment',
      [
        ['date', 'Wed, 25 Nov 2026 10:00:00 GMT'],
        ['x-ratelimit-reset', '1795600820000'],
      ],
      'slow',
      '20',
    ],
  ];
  for (const [name, headers, message, seconds] of CASES) {
    it(`is known when ${name}`, () => {
      const error = decode(429, openai(message, 'rate_limit_exceeded'), headers);
      assert.equal(error.type, 'rate_limit_error');
      assert.deepEqual(
        error.headers.filter(([header]) => header === 'retry-after'),
        [['retry-after', seconds]],
      );
    });
  }
});
