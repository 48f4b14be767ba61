import type { ProviderId } from '../schemas/provider.ts';
import type { RateLimits } from './behaviour.ts';
import { type BehaviourBook, createBehaviourBook } from './control.ts';
import type { Call, Dialect } from './dialect.ts';
import { createIds, type Ids } from './ids.ts';
import { createPromptCache, type PromptCache } from './prompt-cache.ts';
import { createRateWindows, type RateWindows } from './rate-windows.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { SANDBOX_LIMITS } from './sandbox-limits.ts';
import type { Prompt } from './script/prompt.ts';

/** What one sandbox remembers between requests. */
export interface SandboxState {
  readonly ids: Ids;
  readonly promptCache: PromptCache;
  readonly book: BehaviourBook;
  readonly recorder: Recorder;
  /** Unix milliseconds. */
  readonly nowMs: () => number;
  /** The provider's limits as they stand. */
  windows(provider: ProviderId): RateWindows;
  /** Reads a prompt, or finds it among the last ones: the same bytes mean the same. Throws ApiFailure. */
  prompt(dialect: Dialect, call: Call, bodySha256: string): Prompt;
  /** True once per key. */
  isFirst(key: string): boolean;
  reset(): void;
}

/** Makes the state of a sandbox at its start. */
export function createState(seed: number, nowMs: () => number): SandboxState {
  const book = createBehaviourBook();
  const recorder = createRecorder();
  const windows = new Map<ProviderId, { limits: RateLimits; windows: RateWindows }>();
  const prompts = new Map<string, Prompt>();
  const played = new Set<string>();
  let ids = createIds(seed);
  let promptCache = createPromptCache();
  return {
    get ids() {
      return ids;
    },
    get promptCache() {
      return promptCache;
    },
    book,
    recorder,
    nowMs,
    windows(provider) {
      const { limits } = book.standing(provider);
      const known = windows.get(provider);
      if (known !== undefined && isSame(known.limits, limits)) return known.windows;
      const fresh = { limits, windows: createRateWindows(limits, nowMs()) };
      windows.set(provider, fresh);
      return fresh.windows;
    },
    prompt(dialect, call, bodySha256) {
      const key = `${dialect.provider} ${call.path} ${dialect.promptKey(call)} ${bodySha256}`;
      const prompt = prompts.get(key) ?? dialect.readPrompt(call);
      prompts.delete(key);
      prompts.set(key, prompt);
      dropOldest(prompts, SANDBOX_LIMITS.readPromptsMax);
      return prompt;
    },
    isFirst(key) {
      if (played.has(key)) return false;
      played.add(key);
      dropOldest(played, SANDBOX_LIMITS.playedFaultsMax);
      return true;
    },
    reset() {
      ids = createIds(seed);
      promptCache = createPromptCache();
      book.clear();
      recorder.clear();
      windows.clear();
      played.clear();
    },
  };
}

function isSame(one: RateLimits, other: RateLimits): boolean {
  return (
    one.requestsPerMinute === other.requestsPerMinute &&
    one.inputTokensPerMinute === other.inputTokensPerMinute &&
    one.outputTokensPerMinute === other.outputTokensPerMinute
  );
}

function dropOldest(
  entries: { readonly size: number; keys(): Iterator<string>; delete(key: string): boolean },
  sizeMax: number,
): void {
  if (entries.size <= sizeMax) return;
  const oldest = entries.keys().next();
  if (oldest.done !== true) entries.delete(oldest.value);
}
