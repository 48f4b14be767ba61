/** What a model of this wire accepts. Unknown names count as modern and large. */
export interface ChatFacts {
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  /** True for OpenAI's reasoning models: other names for some fields, and thoughts that are never shown. */
  readonly isOpenaiReasoner: boolean;
  /** True for a model that thinks without being asked. */
  readonly alwaysThinks: boolean;
}

const OPENAI_REASONER = /(?:^|\/)(?:o\d|gpt-[5-9])/;
const ALWAYS_THINKS = /(?<!non-)reason|think|(?:^|[-/])r1\b|magistral|qwq/;
const LARGE = { contextTokens: 1_048_576, maxOutputTokens: 131_072 };

/** Context and output limits by the start of a name, first match first. */
const SIZES: readonly (readonly [RegExp, Pick<ChatFacts, 'contextTokens' | 'maxOutputTokens'>])[] =
  [
    [/(?:^|\/)gpt-4o/, { contextTokens: 128_000, maxOutputTokens: 16_384 }],
    [/(?:^|\/)gpt-4\.1/, { contextTokens: 1_047_576, maxOutputTokens: 32_768 }],
    [/(?:^|\/)gpt-[5-9]/, { contextTokens: 400_000, maxOutputTokens: 128_000 }],
    [/(?:^|\/)o\d/, { contextTokens: 200_000, maxOutputTokens: 100_000 }],
    [/claude-haiku/, { contextTokens: 200_000, maxOutputTokens: 64_000 }],
    [/claude/, { contextTokens: 1_000_000, maxOutputTokens: 128_000 }],
    [/gemini/, { contextTokens: 1_048_576, maxOutputTokens: 65_536 }],
    [/deepseek/i, { contextTokens: 1_048_565, maxOutputTokens: 65_536 }],
    [/mistral|magistral|codestral|devstral/i, { contextTokens: 131_072, maxOutputTokens: 131_072 }],
    [/llama|qwen|gemma|phi/i, { contextTokens: 131_072, maxOutputTokens: 32_768 }],
  ];

/** The facts that a model's name tells. Source: protocol reference §5, §6. */
export function chatFacts(model: string): ChatFacts {
  const size = SIZES.find(([pattern]) => pattern.test(model))?.[1] ?? LARGE;
  return {
    ...size,
    isOpenaiReasoner: OPENAI_REASONER.test(model),
    alwaysThinks: ALWAYS_THINKS.test(model),
  };
}

/**
 * True for a name that some server of this wire could have: all but Claude's, which none of them serves, and those
 * that say themselves that they do not exist.
 */
export function isServedChatModel(model: string): boolean {
  return model !== '' && !/(?:^|\/)claude|does-not-exist|no-such|unknown|nonexistent/i.test(model);
}
