import type { ApiFailure } from '../api-failure.ts';
import type { ChatFacts } from './chat-facts.ts';

/** What the providers of this wire accept and refuse differently. */
export interface ChatRules {
  readonly facts: ChatFacts;
  /** Which top-level fields are accepted. */
  acceptsField(name: string): boolean;
  /** Fields of messages and content parts that only this provider knows. */
  readonly extraFields: ReadonlySet<string>;
  /** The refusal of a prompt that, with what it asks for, is longer than the context. */
  contextOverflow(counts: { inputTokens: number; maxTokens: number }): ApiFailure;
}

/** Top-level fields that OpenAI's API takes. Source: protocol reference §6. */
export const OPENAI_FIELDS: ReadonlySet<string> = new Set([
  'audio',
  'frequency_penalty',
  'function_call',
  'functions',
  'logit_bias',
  'logprobs',
  'max_completion_tokens',
  'max_tokens',
  'messages',
  'metadata',
  'modalities',
  'model',
  'n',
  'parallel_tool_calls',
  'prediction',
  'presence_penalty',
  'prompt_cache_key',
  'prompt_cache_retention',
  'reasoning_effort',
  'response_format',
  'safety_identifier',
  'seed',
  'service_tier',
  'stop',
  'store',
  'stream',
  'stream_options',
  'temperature',
  'tool_choice',
  'tools',
  'top_logprobs',
  'top_p',
  'user',
  'verbosity',
  'web_search_options',
]);

/** What Ollama, vLLM, LM Studio, DeepSeek, Groq and Mistral take beside. */
export const SERVER_FIELDS: ReadonlySet<string> = new Set([
  'chat_template_kwargs',
  'enable_thinking',
  'include_reasoning',
  'keep_alive',
  'min_p',
  'options',
  'prompt_mode',
  'random_seed',
  'reasoning',
  'reasoning_format',
  'repetition_penalty',
  'safe_prompt',
  'think',
  'thinking',
  'top_k',
]);
