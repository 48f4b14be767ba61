import type { RequestFacts } from '../../schemas/envelope.ts';
import type { Usage } from '../../schemas/usage.ts';

/** Tokens of a prompt by what they cost: disjoint, together the whole of it. */
export type PromptParts = Pick<
  Usage,
  | 'inputTokens'
  | 'cacheReadInputTokens'
  | 'cacheCreation5mInputTokens'
  | 'cacheCreation1hInputTokens'
>;

const HOUR_MS = 3_600_000;

/**
 * What becomes of a prompt at a provider of which `cachedTokens` are cached there: these are read; the rest is written where the
 * request asks for a cache and writing costs more than input does, else it is plain input. The same in routers, which compare
 * costs, and wherever usage is estimated.
 */
export function expectedPrompt<Price extends bigint | number>(
  { inputTokensEstimate, cacheTtlMs }: Pick<RequestFacts, 'inputTokensEstimate' | 'cacheTtlMs'>,
  cachedTokens: number,
  prices: Readonly<Record<'input' | 'cacheWrite5m' | 'cacheWrite1h', Price>>,
): PromptParts {
  const readTokens = Math.min(cachedTokens, inputTokensEstimate);
  const freshTokens = inputTokensEstimate - readTokens;
  const isLong = cacheTtlMs >= HOUR_MS;
  const writePrice = isLong ? prices.cacheWrite1h : prices.cacheWrite5m;
  const isWritten = cacheTtlMs > 0 && writePrice > prices.input;
  return {
    inputTokens: isWritten ? 0 : freshTokens,
    cacheReadInputTokens: readTokens,
    cacheCreation5mInputTokens: isWritten && !isLong ? freshTokens : 0,
    cacheCreation1hInputTokens: isWritten && isLong ? freshTokens : 0,
  };
}
