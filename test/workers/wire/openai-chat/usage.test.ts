import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { usageSchema } from '../../../../schemas/usage.ts';
import { readUsage } from '../../../../workers/wire/openai-chat/usage.ts';

describe('reading usage', () => {
  const CASES: readonly [
    name: string,
    raw: Record<string, unknown>,
    expected: readonly number[],
  ][] = [
    // Input, read from cache, written to it, output, reasoning.
    [
      'OpenAI',
      {
        prompt_tokens: 100,
        completion_tokens: 9,
        prompt_tokens_details: { cached_tokens: 64 },
        completion_tokens_details: { reasoning_tokens: 5 },
      },
      [36, 64, 0, 9, 5],
    ],
    [
      'OpenRouter with cache writes',
      {
        prompt_tokens: 100,
        completion_tokens: 9,
        prompt_tokens_details: { cached_tokens: 30, cache_write_tokens: 60 },
      },
      [10, 30, 60, 9, 0],
    ],
    [
      'DeepSeek',
      {
        prompt_tokens: 100,
        completion_tokens: 9,
        prompt_cache_hit_tokens: 64,
        prompt_cache_miss_tokens: 36,
      },
      [36, 64, 0, 9, 0],
    ],
    [
      'Moonshot of old',
      { prompt_tokens: 100, completion_tokens: 9, cached_tokens: 64 },
      [36, 64, 0, 9, 0],
    ],
    [
      'xAI, reasoning on top',
      {
        prompt_tokens: 100,
        completion_tokens: 9,
        total_tokens: 129,
        completion_tokens_details: { reasoning_tokens: 20 },
      },
      [100, 0, 0, 29, 20],
    ],
    [
      'Azure, more cached than sent',
      { prompt_tokens: 235, completion_tokens: 90, prompt_tokens_details: { cached_tokens: 373 } },
      [0, 235, 0, 90, 0],
    ],
    ['native Ollama', { prompt_eval_count: 218, eval_count: 306 }, [218, 0, 0, 306, 0]],
    [
      'nulls',
      {
        prompt_tokens: 5,
        completion_tokens: 6,
        prompt_tokens_details: null,
        completion_tokens_details: null,
      },
      [5, 0, 0, 6, 0],
    ],
    ['nonsense', { prompt_tokens: -1, completion_tokens: 1.5, total_tokens: 'x' }, [0, 0, 0, 0, 0]],
  ];
  for (const [name, raw, expected] of CASES) {
    it(`gives disjoint parts for ${name}`, () => {
      const { usage } = readUsage(raw);
      assert.deepEqual(
        [
          usage.inputTokens,
          usage.cacheReadInputTokens,
          usage.cacheCreation5mInputTokens,
          usage.outputTokens,
          usage.reasoningOutputTokens,
        ],
        expected,
      );
    });
  }

  it('tells what was there: zero is, nothing is not', () => {
    assert.deepEqual(
      [readUsage({ prompt_tokens: 0 }), readUsage({}), readUsage(null)].map(
        ({ hasInput, hasOutput }) => [hasInput, hasOutput],
      ),
      [
        [true, false],
        [false, false],
        [false, false],
      ],
    );
  });

  it('reads web searches', () => {
    const raw = { prompt_tokens: 1, server_tool_use_details: { web_search_requests: 3 } };
    assert.equal(readUsage(raw).usage.webSearchRequests, 3);
  });

  it('never leaves the bounds of the schema, and its input parts add up to the prompt', () => {
    const count = fc.oneof(fc.nat(), fc.integer(), fc.double(), fc.constant(null), fc.string());
    const details = fc.record({ cached_tokens: count, cache_write_tokens: count });
    fc.assert(
      fc.property(count, count, details, count, (prompt, completion, cache, reasoning) => {
        const { usage } = readUsage({
          prompt_tokens: prompt,
          completion_tokens: completion,
          prompt_tokens_details: cache,
          completion_tokens_details: { reasoning_tokens: reasoning },
        });
        usageSchema.parse(usage);
        const isCount = typeof prompt === 'number' && Number.isInteger(prompt) && prompt >= 0;
        const { inputTokens, cacheReadInputTokens, cacheCreation5mInputTokens } = usage;
        const sum = inputTokens + cacheReadInputTokens + cacheCreation5mInputTokens;
        assert.equal(sum, isCount && prompt <= 2 ** 40 ? prompt + 0 : 0); // JSON knows -0
      }),
    );
  });
});
