import type { PromptParts } from '../../../config/prices/prompt-parts.ts';

/** A prompt of which nothing is cached. */
export function plainPrompt(inputTokens: number): PromptParts {
  return {
    inputTokens,
    cacheReadInputTokens: 0,
    cacheCreation5mInputTokens: 0,
    cacheCreation1hInputTokens: 0,
  };
}

/** A prompt of which a part is read from the cache and the rest written to it. */
export const CACHED_PROMPT: PromptParts = {
  ...plainPrompt(0),
  cacheReadInputTokens: 900,
  cacheCreation5mInputTokens: 100,
};
