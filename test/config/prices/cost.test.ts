import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { COST_PARTS, type Cost, type CostContext, costOf } from '../../../config/prices/cost.ts';
import { createPriceList } from '../../../config/prices/price-list.ts';
import { formatUsd, parseUsd } from '../../../schemas/money.ts';
import { NO_USAGE, type Usage } from '../../../schemas/usage.ts';

const AT_MS = Date.UTC(2026, 10, 26);
const list = createPriceList();
const context: CostContext = {
  provider: 'anthropic',
  upstreamModel: 'claude-opus-5-5',
  responseModel: null,
  raw: null,
  atMs: AT_MS,
};

function cost(usage: Partial<Usage>, more: Partial<CostContext> = {}): Cost {
  const result = costOf({ ...NO_USAGE, ...usage }, { ...context, ...more }, list);
  const sum = COST_PARTS.reduce((total, part) => total + result.parts[part], 0n);
  assert.equal(sum, result.picodollars);
  return result;
}

test('costOf() agrees with what was counted by hand', () => {
  const cached = {
    inputTokens: 100_000,
    cacheReadInputTokens: 50_000,
    cacheCreation5mInputTokens: 10_000,
    outputTokens: 2_000,
  };
  const cachedLong = {
    ...cached,
    cacheCreation5mInputTokens: 0,
    cacheCreation1hInputTokens: 10_000,
  };
  const partly = { inputTokens: 80_000, cacheReadInputTokens: 20_000, outputTokens: 2_000 };
  const long = { inputTokens: 300_000, outputTokens: 2_000 };
  const table: readonly (readonly [CostContext['provider'], string, Partial<Usage>, string])[] = [
    ['anthropic', 'claude-sonnet-4-5-20250929', cached, '0.3825'],
    ['vertex-claude', 'claude-sonnet-4-5@20250929', cached, '0.3825'],
    ['openrouter', 'anthropic/claude-sonnet-4.5', cached, '0.3825'],
    ['anthropic', 'claude-sonnet-4-5', cachedLong, '0.405'],
    ['vertex-claude', 'claude-sonnet-4-5@20250929', cachedLong, '0.405'],
    ['anthropic', 'claude-sonnet-4-5-20250929', long, '1.845'],
    ['vertex-claude', 'claude-sonnet-4-5@20250929', long, '1.845'],
    ['vertex-gemini', 'gemini-2.5-pro', partly, '0.1225'],
    ['vertex-gemini', 'gemini-2.5-pro', long, '0.78'],
    ['vertex-gemini', 'gemini-3-pro-preview', partly, '0.188'],
    ['vertex-gemini', 'gemini-3-pro-preview', long, '1.236'],
    ['anthropic', 'claude-haiku-5-5', { inputTokens: 100_000, outputTokens: 2_000 }, '0.011'],
    ['anthropic', 'claude-fable-5-2', { inputTokens: 100_000, outputTokens: 2_000 }, '0.88'],
  ];
  for (const [provider, upstreamModel, usage, expected] of table) {
    const { picodollars, isFallback } = cost(usage, { provider, upstreamModel });
    assert.equal(formatUsd(picodollars), expected, `${provider} ${upstreamModel}`);
    assert.equal(isFallback, false, `${provider} ${upstreamModel}`);
  }
});

test('reasoning is a part of the output, searches come on top', () => {
  const usage = { outputTokens: 1_000, reasoningOutputTokens: 900, webSearchRequests: 3 };
  const { parts, picodollars } = cost(usage);
  assert.equal(formatUsd(parts.output), '0.02');
  assert.equal(formatUsd(parts.webSearch), '0.03');
  assert.equal(formatUsd(picodollars), '0.05');
});

test('what the usage says about tier, speed and place counts', () => {
  const usd = (raw: CostContext['raw'], more: Partial<CostContext> = {}): string =>
    formatUsd(cost({ inputTokens: 1_000_000, webSearchRequests: 1 }, { raw, ...more }).picodollars);
  assert.equal(usd({ service_tier: 'standard', speed: 'standard' }), '4.01');
  assert.equal(usd({ service_tier: 'batch' }), '2.01');
  assert.equal(usd({ service_tier: 'priority' }), '4.01');
  assert.equal(usd({ speed: 'fast' }), '8.01');
  assert.equal(usd({ inference_geo: 'us' }), '4.41');
  assert.equal(usd({ inference_geo: 'us', speed: 'fast' }), '8.81');
  for (const place of ['global', 'not_available', '', null, 7]) {
    assert.equal(usd({ inference_geo: place }), '4.01');
  }
  const vertex = { provider: 'vertex-claude', region: 'us-east5' } as const;
  assert.equal(usd(null, vertex), '4.41');
});

test('the model that answered is priced where the one asked for is unknown', () => {
  const usage = { inputTokens: 1_000_000 };
  const asked = { provider: 'openai-compatible', upstreamModel: 'model-of-the-day' } as const;
  const answered = cost(usage, { ...asked, responseModel: 'gpt-5.1-2025-11-13' });
  assert.deepEqual([formatUsd(answered.picodollars), answered.isFallback], ['1.25', false]);
  const unknown = cost(usage, { ...asked, responseModel: 'also-unknown' });
  assert.deepEqual([formatUsd(unknown.picodollars), unknown.isFallback], ['3', true]);
  // A known wish is not overruled: its snapshot may have no price.
  assert.equal(formatUsd(cost(usage, { responseModel: 'claude-opus-5' }).picodollars), '4');
});

test('OpenRouter’s bill is taken to the digit', () => {
  const openrouter = {
    provider: 'openrouter',
    upstreamModel: 'anthropic/claude-opus-5.5',
  } as const;
  const usage = { inputTokens: 254, outputTokens: 5 };
  for (const billed of [0.000837, 0.001008, 0.000932, 0.00572, 1e-7, 0.1 + 0.2, 0, '0.000837']) {
    const { picodollars, source, isFallback } = cost(usage, {
      ...openrouter,
      raw: { cost: billed },
    });
    assert.equal(picodollars, parseUsd(String(billed)));
    assert.deepEqual([source, isFallback], ['provider', false]);
  }
  const { parts } = cost(usage, { ...openrouter, raw: { cost: 0.000837 } });
  assert.ok(parts.input > parts.output && parts.output > 0n && parts.other < 10n);
  // Nothing to spread it over.
  assert.equal(cost({}, { ...openrouter, raw: { cost: 0.5 } }).parts.other, parseUsd('0.5'));
  const byok = { cost: 0.01, is_byok: true, cost_details: { upstream_inference_cost: 0.2 } };
  assert.equal(formatUsd(cost(usage, { ...openrouter, raw: byok }).picodollars), '0.21');
});

test('what is no bill is none', () => {
  const usage = { inputTokens: 1_000_000 };
  const openrouter = {
    provider: 'openrouter',
    upstreamModel: 'anthropic/claude-opus-5.5',
  } as const;
  for (const billed of [-1, Number.NaN, Number.POSITIVE_INFINITY, 'free', null, {}, true]) {
    const { picodollars, source } = cost(usage, { ...openrouter, raw: { cost: billed } });
    assert.deepEqual([formatUsd(picodollars), source], ['4', 'genai-prices'], String(billed));
  }
  // Another provider's `cost` is not dollars for sure.
  assert.equal(formatUsd(cost(usage, { raw: { cost: 99 } }).picodollars), '4');
});

test('iterations are priced by the model of each', () => {
  const advisor = [
    { type: 'message', input_tokens: 1_128, output_tokens: 135 },
    { type: 'advisor_message', model: 'claude-opus-4-8', input_tokens: 2_543, output_tokens: 18 },
    { type: 'message', input_tokens: 1_283, output_tokens: 10 },
  ];
  const usage = { inputTokens: 2_411, outputTokens: 145 };
  const sonnet = { upstreamModel: 'claude-sonnet-4-6' };
  const { picodollars, parts } = cost(usage, { ...sonnet, raw: { iterations: advisor } });
  // 2,411 × $3 + 145 × $15 + 2,543 × $5 + 18 × $25, per million.
  assert.equal(formatUsd(picodollars), '0.022573');
  assert.equal(formatUsd(parts.output), '0.002625');

  const compaction = [
    { type: 'compaction', input_tokens: 100, output_tokens: 83, cache_read_input_tokens: 55_096 },
    { type: 'message', input_tokens: 181, output_tokens: 8 },
  ];
  const compacted = cost(
    { inputTokens: 181, outputTokens: 8 },
    { upstreamModel: 'claude-opus-4-6', raw: { iterations: compaction } },
  );
  // 281 × $5 + 55,096 × $0.5 + 91 × $25, per million.
  assert.equal(formatUsd(compacted.picodollars), '0.031228');
});

test('iterations never hide tokens, and broken ones do not count', () => {
  const usage = { inputTokens: 1_000_000, outputTokens: 100_000 };
  const usd = (iterations: unknown): string =>
    formatUsd(cost(usage, { raw: { iterations } }).picodollars);
  for (const none of [[], null, 'x', {}, [null], [7, {}], [{ input_tokens: -5 }]]) {
    assert.equal(usd(none), '6', JSON.stringify(none));
  }
  // Written before the end of the stream: what is missing is the request's own.
  assert.equal(usd([{ type: 'message', input_tokens: 1_000_000, output_tokens: 1 }]), '6');
  const written = { ephemeral_5m_input_tokens: 400_000, ephemeral_1h_input_tokens: 600_000 };
  assert.equal(usd([{ cache_creation: written }]), '12.8');
  assert.equal(usd([{ cache_creation: written, cache_creation_input_tokens: 1_000_000 }]), '12.8');
});

test('each iteration has the tier of its own prompt', () => {
  const iterations = Array.from({ length: 3 }, () => ({ input_tokens: 80_000, output_tokens: 0 }));
  const haiku = { upstreamModel: 'claude-haiku-5-5' };
  const usage = { inputTokens: 240_000 };
  assert.equal(formatUsd(cost(usage, { ...haiku, raw: { iterations } }).picodollars), '0.024');
  assert.equal(formatUsd(cost(usage, haiku).picodollars), '0.12');
});

const tokens = fc.integer({ min: 0, max: 2 ** 40 });
const usages = fc.record({
  inputTokens: tokens,
  cacheReadInputTokens: tokens,
  cacheCreation5mInputTokens: tokens,
  cacheCreation1hInputTokens: tokens,
  outputTokens: tokens,
  reasoningOutputTokens: tokens,
  webSearchRequests: tokens,
});
const raws = fc.oneof(
  fc.constant(null),
  fc.record(
    {
      cost: fc.oneof(fc.double(), fc.string()),
      service_tier: fc.constantFrom('standard', 'batch', 'priority', 'flex'),
      speed: fc.constantFrom('standard', 'fast'),
      inference_geo: fc.constantFrom('us', 'global'),
      iterations: fc.array(
        fc.record({
          model: fc.constantFrom('claude-opus-4-8', 'claude-haiku-5-5', 'unknown', 5),
          input_tokens: fc.oneof(tokens, fc.double()),
          output_tokens: tokens,
          cache_creation_input_tokens: tokens,
        }),
        { maxLength: 4 },
      ),
    },
    { requiredKeys: [] },
  ),
);
const places = fc.constantFrom(
  ...([
    ['anthropic', 'claude-opus-5-5'],
    ['anthropic', 'claude-haiku-5-5'],
    ['vertex-gemini', 'gemini-2.5-pro'],
    ['openrouter', 'google/gemini-3.5-flash'],
    ['openai-compatible', 'nobody-knows'],
  ] as const),
);

test('parts add up, nothing is negative, nothing throws', () => {
  fc.assert(
    fc.property(usages, raws, places, (usage, raw, [provider, upstreamModel]) => {
      const { parts, picodollars } = cost(usage, { raw, provider, upstreamModel });
      assert.ok(picodollars >= 0n);
      assert.ok(COST_PARTS.every((part) => parts[part] >= 0n));
    }),
  );
});

test('no tokens cost nothing, more never cost less', () => {
  fc.assert(
    fc.property(usages, usages, places, (usage, more, [provider, upstreamModel]) => {
      const place = { provider, upstreamModel };
      assert.equal(cost(NO_USAGE, place).picodollars, 0n);
      const names = Object.keys(NO_USAGE) as (keyof Usage)[]; // its own keys
      const both = { ...usage };
      for (const name of names) both[name] = usage[name] + more[name];
      assert.ok(cost(both, place).picodollars >= cost(usage, place).picodollars);
    }),
  );
});

test('two requests of one tier cost what one of both would', () => {
  const small = fc.integer({ min: 0, max: 10_000 });
  const some = fc.record({ inputTokens: small, cacheReadInputTokens: small, outputTokens: small });
  fc.assert(
    fc.property(some, some, places, (one, other, [provider, upstreamModel]) => {
      const place = { provider, upstreamModel };
      const both = {
        inputTokens: one.inputTokens + other.inputTokens,
        cacheReadInputTokens: one.cacheReadInputTokens + other.cacheReadInputTokens,
        outputTokens: one.outputTokens + other.outputTokens,
      };
      const apart = cost(one, place).picodollars + cost(other, place).picodollars;
      assert.equal(cost(both, place).picodollars, apart);
    }),
  );
});
