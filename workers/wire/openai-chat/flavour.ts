import type { EncodeContext } from '../../translation/encode.ts';

/** What one OpenAI-compatible server takes of the wire, beyond what all of them do. */
export interface OpenaiFlavour {
  /** The field that holds the output limit; `by-model` = `max_completion_tokens` for OpenAI's reasoning models. */
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens' | 'by-model';
  /** The role of system messages; `user` = as user text, for servers that know neither. */
  readonly systemRole: 'system' | 'developer' | 'user';
  /** True when a system message may only come first: later ones become user text. */
  readonly systemFirstOnly: boolean;
  /** Sends `stream_options.include_usage`; off for servers that refuse it. */
  readonly sendsIncludeUsage: boolean;
  /** How thinking is asked for. */
  readonly reasoning: 'reasoning_effort' | 'openrouter' | 'none';
  /**
   * Which reasoning of its own the server wants back: none, `reasoning_content` within the tool loop that goes on,
   * `reasoning_content` always, or `reasoning_details`.
   */
  readonly replayReasoning: 'never' | 'toolLoop' | 'always' | 'details';
  /** Keeps `cache_control` on parts for Claude and Gemini models. */
  readonly keepsCacheControl: boolean;
  /** Sends `prompt_cache_key`: the session id. */
  readonly hasPromptCacheKey: boolean;
  readonly acceptsTopK: boolean;
  /** Takes PDF `file` parts, by data URL or URL, for every model; else only models known to read PDFs get data URLs. */
  readonly acceptsFiles: boolean;
  /** Knows `tool_choice: "required"`. */
  readonly acceptsRequiredToolChoice: boolean;
  readonly acceptsParallelToolCalls: boolean;
  /** `nine-alphanumeric` is Mistral's rule. */
  readonly toolIdStyle: 'any' | 'nine-alphanumeric';
  /** `content` of an assistant message that has tool calls only. */
  readonly emptyContent: 'null' | 'empty';
  /** Runs web searches as the plugin `web`. */
  readonly hasWebPlugin: boolean;
  /** Goes on with a last assistant message, for every model; else only models known to do so may end with one. */
  readonly acceptsPrefill: boolean;
  /** The field that takes the hashed user id. */
  readonly userField: 'user' | 'safety_identifier' | 'none';
}

/** What the encoder of OpenAI-chat requests works with. */
export interface OpenaiEncodeContext extends EncodeContext {
  readonly flavour: OpenaiFlavour;
}

/** Any server of which nothing is known: only what all of them take (Ollama, vLLM, LM Studio, Groq …). */
export const DEFAULT_FLAVOUR: OpenaiFlavour = Object.freeze({
  maxTokensField: 'by-model',
  systemRole: 'system',
  // Chat templates of local models refuse a system message anywhere else.
  systemFirstOnly: true,
  sendsIncludeUsage: true,
  reasoning: 'reasoning_effort',
  replayReasoning: 'never',
  keepsCacheControl: false,
  hasPromptCacheKey: false,
  acceptsTopK: false,
  acceptsFiles: false,
  acceptsRequiredToolChoice: true,
  acceptsParallelToolCalls: true,
  toolIdStyle: 'any',
  emptyContent: 'null',
  hasWebPlugin: false,
  acceptsPrefill: false,
  userField: 'user',
});

/** OpenRouter's chat completions. Source: protocol reference §5. */
export const OPENROUTER_FLAVOUR: OpenaiFlavour = Object.freeze({
  ...DEFAULT_FLAVOUR,
  maxTokensField: 'max_tokens',
  systemFirstOnly: false,
  reasoning: 'openrouter',
  replayReasoning: 'details',
  keepsCacheControl: true,
  hasPromptCacheKey: true,
  acceptsTopK: true,
  acceptsFiles: true,
  emptyContent: 'empty',
  hasWebPlugin: true,
  acceptsPrefill: true,
});

/** Azure AI inference, the living twin of GitHub Models. Source: protocol reference §4. */
export const AZURE_INFERENCE_FLAVOUR: OpenaiFlavour = Object.freeze({
  ...DEFAULT_FLAVOUR,
  // It refuses fields that are not in its own list.
  acceptsParallelToolCalls: false,
  userField: 'none',
});
