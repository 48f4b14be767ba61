import type { Answer } from '../dialect.ts';
import type { FaultOf } from '../fault.ts';
import type { JsonObject } from './json.ts';

/** Usage of `message_start`: the input side, and a provisional output count. */
export function startUsage(answer: Answer): JsonObject {
  const { output_tokens: _, ...overrides } = answer.behaviour.usage;
  return damaged({ ...inputUsage(answer), output_tokens: 1, ...TIER, ...overrides }, answer);
}

/** Usage of `message_delta`: cumulative. */
export function deltaUsage(answer: Answer, extra: JsonObject): JsonObject {
  const { cache_creation: _, ...input } = inputUsage(answer);
  return damaged({ ...input, ...outputUsage(answer), ...extra, ...answer.behaviour.usage }, answer);
}

/** Usage of a message that is not streamed. */
export function messageUsage(answer: Answer, extra: JsonObject): JsonObject {
  const usage = { ...inputUsage(answer), ...outputUsage(answer), ...TIER, ...extra };
  return damaged({ ...usage, ...answer.behaviour.usage }, answer);
}

const TIER = { service_tier: 'standard', inference_geo: 'not_available' } as const;

function inputUsage({ input }: Answer): JsonObject {
  return {
    input_tokens: input.inputTokens,
    cache_creation_input_tokens: input.cacheWrite5mTokens + input.cacheWrite1hTokens,
    cache_read_input_tokens: input.cacheReadTokens,
    cache_creation: {
      ephemeral_5m_input_tokens: input.cacheWrite5mTokens,
      ephemeral_1h_input_tokens: input.cacheWrite1hTokens,
    },
  };
}

function outputUsage({ script }: Answer): JsonObject {
  const { outputTokens, thinkingTokens } = script;
  if (thinkingTokens === 0) return { output_tokens: outputTokens };
  return {
    output_tokens: outputTokens,
    output_tokens_details: { thinking_tokens: thinkingTokens },
  };
}

const DAMAGE: Record<
  Exclude<FaultOf<'bad-usage'>['what'], 'missing'>,
  (count: number) => unknown
> = {
  negative: (count) => -count - 1,
  fractional: (count) => count + 0.5,
  text: (count) => String(count),
  enormous: (count) => count + 1e300,
};

function damaged(usage: JsonObject, { behaviour: { fault } }: Answer): JsonObject {
  if (fault?.kind !== 'bad-usage' || fault.what === 'missing') return usage;
  const damage = DAMAGE[fault.what];
  return Object.fromEntries(
    Object.entries(usage).map(([name, value]) => [
      name,
      typeof value === 'number' ? damage(value) : value,
    ]),
  );
}
