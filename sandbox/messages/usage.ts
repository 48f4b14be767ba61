import { damagedUsage } from '../damage-usage.ts';
import type { Answer } from '../dialect.ts';
import type { JsonObject } from './json.ts';

/** Usage of `message_start`: the input side, and a provisional output count. */
export function startUsage(answer: Answer): JsonObject {
  const { output_tokens: _, ...overrides } = answer.behaviour.usage;
  return damagedUsage(
    { ...inputUsage(answer), output_tokens: 1, ...TIER, ...overrides },
    answer.behaviour.fault,
  );
}

/** Usage of `message_delta`: cumulative. */
export function deltaUsage(answer: Answer, extra: JsonObject): JsonObject {
  const { cache_creation: _, ...input } = inputUsage(answer);
  return damagedUsage(
    { ...input, ...outputUsage(answer), ...extra, ...answer.behaviour.usage },
    answer.behaviour.fault,
  );
}

/** Usage of a message that is not streamed. */
export function messageUsage(answer: Answer, extra: JsonObject): JsonObject {
  const usage = { ...inputUsage(answer), ...outputUsage(answer), ...TIER, ...extra };
  return damagedUsage({ ...usage, ...answer.behaviour.usage }, answer.behaviour.fault);
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
