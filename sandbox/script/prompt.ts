/** A point of the prompt up to which a cache may hold it. */
export interface PromptPart {
  /** Identifies everything from the start up to and including this part. */
  readonly digest: string;
  /** Estimated tokens from the start up to and including this part. */
  readonly tokensUpTo: number;
  /** Milliseconds that a cache entry made here lives; 0 = no breakpoint here. */
  readonly cacheTtlMs: number;
}

/** What any wire's request asks for, as far as the sandbox cares. */
export interface Prompt {
  readonly model: string;
  readonly isStream: boolean;
  readonly maxTokens: number;
  /** The text that the user wrote last, without the client's reminders. */
  readonly userText: string;
  /** The tool results of the last user turn, as text. */
  readonly toolResults: readonly string[];
  readonly toolNames: readonly string[];
  readonly thinking: 'off' | 'shown' | 'omitted';
  readonly stopSequences: readonly string[];
  /** The JSON Schema that the answer must follow; null = free text. */
  readonly jsonSchema: unknown;
  /** What tells this conversation from others; empty when the caller gives nothing. */
  readonly conversation: string;
  /** Answers that the conversation holds already. */
  readonly answerCount: number;
  readonly inputTokens: number;
  /** In order; empty when the prompt has no breakpoint. */
  readonly parts: readonly PromptPart[];
  /** True when the provider caches by itself: filling its cache costs nothing extra and is not told. */
  readonly isCacheAutomatic: boolean;
  /** False when the caller must ask for usage in a stream, and did not. */
  readonly wantsUsage: boolean;
}
