import { NO_USAGE, type Usage } from '../../../schemas/usage.ts';
import { type JsonObject, numberField, objectField } from '../../json.ts';

/** Above this a count is nonsense. The bound of `usageSchema`. */
const TOKENS_MAX = 2 ** 40;

/** What a usage object says, and which halves of it were there. */
export interface ReadUsage {
  readonly usage: Usage;
  readonly hasInput: boolean;
  readonly hasOutput: boolean;
}

/**
 * Reads a chat completion's usage object into disjoint parts; native Ollama's counts too.
 *
 * `prompt_tokens` holds what was read from and written to caches: both are taken off, and never more than there is.
 * Reasoning is a part of `completion_tokens`, but where the total says that it comes on top (xAI).
 * Source: protocol reference §5, §7.2.
 */
export function readUsage(raw: JsonObject | null): ReadUsage {
  if (raw === null) return { usage: NO_USAGE, hasInput: false, hasOutput: false };
  const prompt = tokens(raw, 'prompt_tokens') ?? tokens(raw, 'prompt_eval_count');
  const { output, reasoning } = outputOf(raw, prompt ?? 0);
  const { read, written } = cachesOf(raw, prompt ?? 0);
  return {
    hasInput: prompt !== null,
    hasOutput: output !== null,
    usage: {
      inputTokens: (prompt ?? 0) - read - written,
      cacheReadInputTokens: read,
      // Nobody of this wire tells their lifetime: the cheaper one is the default everywhere.
      cacheCreation5mInputTokens: written,
      cacheCreation1hInputTokens: 0,
      outputTokens: output ?? 0,
      reasoningOutputTokens: Math.min(reasoning, output ?? 0),
      webSearchRequests: webSearchesOf(raw),
    },
  };
}

function outputOf(
  raw: JsonObject,
  prompt: number,
): { readonly output: number | null; readonly reasoning: number } {
  const details = objectField(raw, 'completion_tokens_details');
  const reasoning = tokens(details, 'reasoning_tokens') ?? tokens(raw, 'reasoning_tokens') ?? 0;
  const completion = tokens(raw, 'completion_tokens') ?? tokens(raw, 'eval_count');
  if (completion === null) return { output: null, reasoning };
  const isOnTop =
    reasoning > completion || tokens(raw, 'total_tokens') === prompt + completion + reasoning;
  return { output: isOnTop ? completion + reasoning : completion, reasoning };
}

// DeepSeek counts hits beside the prompt, Moonshot once had `cached_tokens` outside of the details.
function cachesOf(
  raw: JsonObject,
  prompt: number,
): { readonly read: number; readonly written: number } {
  const details = objectField(raw, 'prompt_tokens_details');
  const read =
    tokens(details, 'cached_tokens') ??
    tokens(raw, 'prompt_cache_hit_tokens') ??
    tokens(raw, 'cached_tokens') ??
    0;
  const atMostRead = Math.min(read, prompt);
  const written = tokens(details, 'cache_write_tokens') ?? 0;
  return { read: atMostRead, written: Math.min(written, prompt - atMostRead) };
}

function webSearchesOf(raw: JsonObject): number {
  return (
    tokens(objectField(raw, 'server_tool_use_details'), 'web_search_requests') ??
    tokens(objectField(raw, 'server_tool_use'), 'web_search_requests') ??
    0
  );
}

function tokens(object: JsonObject, name: string): number | null {
  const value = numberField(object, name);
  return value !== null && Number.isInteger(value) && value >= 0 && value <= TOKENS_MAX
    ? value
    : null;
}
