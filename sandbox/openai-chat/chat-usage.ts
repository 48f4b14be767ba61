import { damagedUsage } from '../damage-usage.ts';
import type { Answer } from '../dialect.ts';
import type { JsonObject } from '../messages/json.ts';

/** A chat completion's usage: the prompt's count includes what was cached, the completion's what was thought. */
export function chatUsage(answer: Answer, details: ChatUsageDetails = {}): JsonObject {
  const { input, script, behaviour } = answer;
  const written = input.cacheWrite5mTokens + input.cacheWrite1hTokens;
  const promptTokens = input.inputTokens + input.cacheReadTokens + written;
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: script.outputTokens,
    total_tokens: promptTokens + script.outputTokens,
    ...details.fields,
    prompt_tokens_details: {
      cached_tokens: input.cacheReadTokens,
      ...(details.hasCacheWrites === true ? { cache_write_tokens: written } : {}),
      audio_tokens: 0,
    },
    completion_tokens_details: { reasoning_tokens: script.thinkingTokens, audio_tokens: 0 },
    ...behaviour.usage,
  };
  return damagedUsage(usage, behaviour.fault);
}

/** What a provider adds to the usage. */
export interface ChatUsageDetails {
  readonly fields?: JsonObject;
  readonly hasCacheWrites?: boolean;
}
