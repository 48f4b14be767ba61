import { SANDBOX_LIMITS } from './sandbox-limits.ts';
import type { Prompt, PromptPart } from './script/prompt.ts';

const FIVE_MINUTES_MS = 300_000;
/** Parts that are searched for an older entry, back from a breakpoint. Source: protocol reference §1.4. */
const LOOKBACK_PARTS = 20;

/** A prompt's tokens by what the cache did with them; disjoint. */
export interface InputCounts {
  readonly inputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWrite5mTokens: number;
  readonly cacheWrite1hTokens: number;
}

/** Remembers prompt prefixes up to their breakpoints, as the true cache does. */
export interface PromptCache {
  /** Says what of a prompt was in the cache, and stores its breakpoints. `scope` keeps providers and models apart. */
  account(
    prompt: Prompt,
    options: { scope: string; minimumTokens: number; nowMs: number },
  ): InputCounts;
}

/** Makes an empty cache. */
export function createPromptCache(): PromptCache {
  const expiries = new Map<string, number>();
  return {
    account(prompt, { scope, minimumTokens, nowMs }) {
      const last = prompt.parts.findLastIndex(({ cacheTtlMs }) => cacheTtlMs > 0);
      if (last === -1) return uncached(prompt);
      const key = (part: PromptPart): string => `${scope} ${part.digest}`;
      const hit = longestHit(prompt.parts, (part) => (expiries.get(key(part)) ?? 0) > nowMs);
      let accounted = hit === -1 ? 0 : (prompt.parts[hit]?.tokensUpTo ?? 0);
      const counts = { read: accounted, write5m: 0, write1h: 0 };
      for (const [index, part] of prompt.parts.entries()) {
        if (part.cacheTtlMs === 0 || index < hit || part.tokensUpTo < minimumTokens) continue;
        const written = part.tokensUpTo - accounted;
        if (part.cacheTtlMs > FIVE_MINUTES_MS) counts.write1h += written;
        else counts.write5m += written;
        accounted = part.tokensUpTo;
        store(expiries, key(part), nowMs + part.cacheTtlMs);
      }
      if (prompt.isCacheAutomatic) {
        const fresh = prompt.inputTokens - counts.read;
        return { ...uncached(prompt), inputTokens: fresh, cacheReadTokens: counts.read };
      }
      return {
        inputTokens: prompt.inputTokens - accounted,
        cacheReadTokens: counts.read,
        cacheWrite5mTokens: counts.write5m,
        cacheWrite1hTokens: counts.write1h,
      };
    },
  };
}

/** A prompt that no cache touched. */
export function uncached(prompt: Prompt): InputCounts {
  return {
    inputTokens: prompt.inputTokens,
    cacheReadTokens: 0,
    cacheWrite5mTokens: 0,
    cacheWrite1hTokens: 0,
  };
}

function longestHit(parts: readonly PromptPart[], isStored: (part: PromptPart) => boolean): number {
  for (let breakpoint = parts.length - 1; breakpoint >= 0; breakpoint -= 1) {
    if (parts[breakpoint]?.cacheTtlMs === 0) continue;
    const firstIndex = Math.max(0, breakpoint - LOOKBACK_PARTS);
    for (let index = breakpoint; index >= firstIndex; index -= 1) {
      const part = parts[index];
      if (part !== undefined && isStored(part)) return index;
    }
  }
  return -1;
}

function store(expiries: Map<string, number>, key: string, expiresAtMs: number): void {
  expiries.delete(key);
  expiries.set(key, expiresAtMs);
  if (expiries.size <= SANDBOX_LIMITS.promptCacheEntriesMax) return;
  const oldest = expiries.keys().next();
  if (oldest.done !== true) expiries.delete(oldest.value);
}
