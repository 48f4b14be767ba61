import { bareName, isClaudeName } from '../../config/claude-names.ts';
import type { AttemptEnded } from '../../schemas/observation.ts';
import { countable } from './window-amounts.ts';

/** What a provider holds of a prompt, as the gateway estimates prompts, and for how long. */
export interface Cached {
  readonly cachedTokens: number;
  /** Milliseconds; 0 = it was not asked to keep it. */
  readonly ttlMs: number;
}

/** Who caches by itself keeps nothing shorter, and nothing longer. Source: OpenAI's and Google's pages on caching, 2026-11. */
const AUTOMATIC_TOKENS_MIN = 1_024;
const AUTOMATIC_MS = 300_000;

/**
 * What is cached after an answer. Claude's providers say what they read and wrote. Others cache by themselves and tell of no
 * writing: the whole prompt is taken to be cached, unless nothing was read though the conversation has been there before.
 */
export function cachedAfter(ended: AttemptEnded, { isFirst }: { isFirst: boolean }): Cached {
  const { usage, cacheTtlMs } = ended;
  const read = countable(usage.cacheReadInputTokens);
  const written =
    countable(usage.cacheCreation5mInputTokens) + countable(usage.cacheCreation1hInputTokens);
  const told = read + written;
  const prompt = told + countable(usage.inputTokens);
  if (written > 0 || isClaude(ended)) {
    return { cachedTokens: asEstimated(told, prompt, ended), ttlMs: countable(cacheTtlMs) };
  }
  const isCached = prompt >= AUTOMATIC_TOKENS_MIN && (isFirst || read > 0);
  return { cachedTokens: asEstimated(isCached ? prompt : 0, prompt, ended), ttlMs: AUTOMATIC_MS };
}

function isClaude({ provider, upstreamModel }: AttemptEnded): boolean {
  const isAlways = provider === 'anthropic' || provider === 'vertex-claude';
  return isAlways || isClaudeName(bareName(upstreamModel));
}

// It is taken off estimates of later prompts. One that is a tenth too high would else leave a tenth of a cached prompt as
// new, at twelve times the price.
function asEstimated(
  tokens: number,
  prompt: number,
  { inputTokensEstimate = 0 }: AttemptEnded,
): number {
  const estimate = countable(inputTokensEstimate);
  return tokens === 0 || estimate === 0 ? tokens : Math.round((tokens * estimate) / prompt);
}
