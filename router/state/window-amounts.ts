import type { WindowKind } from '../../schemas/observation.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import type { Usage } from '../../schemas/usage.ts';
import type { TokenNeed } from '../knowledge.ts';

/** What a request takes from windows. `inputTokens` are those that its provider's windows count. */
export interface Amounts {
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Nothing at all. */
export const NO_AMOUNTS: Amounts = Object.freeze({ requests: 0, inputTokens: 0, outputTokens: 0 });

/** Both together. */
export function plus(a: Amounts, b: Amounts): Amounts {
  if (b === NO_AMOUNTS) return a;
  return {
    requests: a.requests + b.requests,
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
  };
}

/** The first without the second, none below 0. */
export function minus(a: Amounts, b: Amounts): Amounts {
  return {
    requests: Math.max(0, a.requests - b.requests),
    inputTokens: Math.max(0, a.inputTokens - b.inputTokens),
    outputTokens: Math.max(0, a.outputTokens - b.outputTokens),
  };
}

/** What of it a window of this kind counts. */
export function amountOf(kind: WindowKind, amounts: Amounts): number {
  return beginning(kind, amounts) + making(kind, amounts);
}

/** The part that counts when the request begins: itself and its prompt. */
export function beginning(kind: WindowKind, { requests, inputTokens }: Amounts): number {
  if (kind === 'requests') return requests;
  return kind === 'output_tokens' ? 0 : inputTokens;
}

/** The part that counts when it has been made: the answer. */
export function making(kind: WindowKind, { outputTokens }: Amounts): number {
  return kind === 'output_tokens' || kind === 'tokens' ? outputTokens : 0;
}

/** What one request with this need will take. */
export function amountsOfNeed(provider: ProviderId, need: TokenNeed): Amounts {
  const cached = countsCacheReads(provider) ? 0 : countable(need.cachedInputTokens ?? 0);
  return {
    requests: 1,
    inputTokens: Math.max(0, countable(need.inputTokens) - cached),
    outputTokens: countable(need.outputTokens),
  };
}

/** What one request took. */
export function amountsOfUsage(provider: ProviderId, usage: Usage): Amounts {
  return {
    requests: 1,
    inputTokens:
      countable(usage.inputTokens) +
      countable(usage.cacheCreation5mInputTokens) +
      countable(usage.cacheCreation1hInputTokens) +
      (countsCacheReads(provider) ? countable(usage.cacheReadInputTokens) : 0),
    outputTokens: countable(usage.outputTokens),
  };
}

/** A number that may be counted; nonsense counts as nothing. */
export function countable(value: number): number {
  return Number.isFinite(value) && value > 0 ? Math.min(value, AMOUNT_MAX) : 0;
}

const AMOUNT_MAX = 2 ** 40;

// Anthropic's input windows leave out what was read from the cache, on Vertex too. Source: their rate-limit pages.
function countsCacheReads(provider: ProviderId): boolean {
  return provider !== 'anthropic' && provider !== 'vertex-claude';
}
