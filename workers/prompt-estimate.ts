import type { PriceList } from '../config/prices/price-list.ts';
import { expectedPrompt, type PromptParts } from '../config/prices/prompt-parts.ts';
import type { Dispatch } from '../schemas/envelope.ts';
import type { ProviderId } from '../schemas/provider.ts';
import type { Usage } from '../schemas/usage.ts';

/** Whom a prompt goes to, and when. Unix milliseconds. */
export interface PromptTarget {
  readonly provider: ProviderId;
  readonly upstreamModel: string;
  readonly startedAtMs: number;
}

/** What is expected to become of a dispatch's prompt, should the upstream never say. */
export function expectedPromptOf(
  { facts, cachedTokens = 0 }: Pick<Dispatch, 'facts' | 'cachedTokens'>,
  { provider, upstreamModel, startedAtMs: atMs }: PromptTarget,
  prices: PriceList,
): PromptParts {
  const inputTokens = facts.inputTokensEstimate;
  const known = prices.pricesOf({ provider, upstreamModel, inputTokens, atMs });
  return expectedPrompt(facts, cachedTokens, known);
}

/**
 * An upstream's usage, with the prompt as expected where it never counted it (`hasInput` false). What it said of its cache
 * alone stands.
 */
export function withPrompt(
  { usage, hasInput }: { readonly usage: Usage; readonly hasInput: boolean },
  expected: PromptParts,
): Usage {
  if (hasInput) return usage;
  const { cacheReadInputTokens, cacheCreation5mInputTokens, cacheCreation1hInputTokens } = usage;
  const saidTokens = cacheReadInputTokens + cacheCreation5mInputTokens + cacheCreation1hInputTokens;
  if (saidTokens === 0) return { ...usage, ...expected };
  const wholeTokens = Object.values(expected).reduce((sum, tokens) => sum + tokens, 0);
  return { ...usage, inputTokens: Math.max(0, wholeTokens - saidTokens) };
}
