import { damagedUsage } from '../damage-usage.ts';
import type { Answer } from '../dialect.ts';
import type { JsonObject } from '../messages/json.ts';

/** The kind of traffic that every chunk tells. */
export const TRAFFIC = { trafficType: 'ON_DEMAND' } as const;

/** The whole `usageMetadata`: the prompt's count includes what was cached, the candidates' not what was thought. */
export function geminiUsage(answer: Answer, isBlocked: boolean): JsonObject {
  const { input, script, behaviour } = answer;
  const prompt = input.inputTokens + input.cacheReadTokens;
  const thoughts = isBlocked ? 0 : script.thinkingTokens;
  const candidates = isBlocked ? 0 : script.outputTokens - thoughts;
  const modality = (tokenCount: number): readonly JsonObject[] => [
    { modality: 'TEXT', tokenCount },
  ];
  const usage = {
    promptTokenCount: prompt,
    // A count of nothing is left out.
    ...(candidates === 0 ? {} : { candidatesTokenCount: candidates }),
    totalTokenCount: prompt + candidates + thoughts,
    ...(input.cacheReadTokens === 0 ? {} : { cachedContentTokenCount: input.cacheReadTokens }),
    ...TRAFFIC,
    promptTokensDetails: modality(prompt),
    ...(candidates === 0 ? {} : { candidatesTokensDetails: modality(candidates) }),
    ...(thoughts === 0 ? {} : { thoughtsTokenCount: thoughts }),
    ...behaviour.usage,
  };
  return damagedUsage(usage, behaviour.fault);
}
