import { NO_USAGE, type Usage } from '../../../schemas/usage.ts';
import { type JsonObject, numberField } from '../../json.ts';

/** Above this a count is nonsense. The bound of `usageSchema`. */
const TOKENS_MAX = 2 ** 40;

/** What a usageMetadata object says, and whether the prompt was counted in it. */
export interface ReadUsage {
  readonly usage: Usage;
  readonly hasInput: boolean;
}

/**
 * Reads Gemini's usageMetadata into disjoint parts. Counts that are no plausible integers are left out.
 *
 * The prompt includes what was cached and excludes what tools of Google's put in; candidates exclude thoughts.
 * Source: protocol reference §3.
 */
export function readUsageMetadata(raw: JsonObject | null): ReadUsage {
  if (raw === null) return { usage: NO_USAGE, hasInput: false };
  const prompt = tokens(raw, 'promptTokenCount');
  const input = (prompt ?? 0) + (tokens(raw, 'toolUsePromptTokenCount') ?? 0);
  const cached = Math.min(tokens(raw, 'cachedContentTokenCount') ?? 0, input);
  const thoughts = tokens(raw, 'thoughtsTokenCount') ?? 0;
  return {
    hasInput: prompt !== null,
    usage: {
      ...NO_USAGE,
      inputTokens: input - cached,
      cacheReadInputTokens: cached,
      outputTokens: (tokens(raw, 'candidatesTokenCount') ?? 0) + thoughts,
      reasoningOutputTokens: thoughts,
    },
  };
}

function tokens(object: JsonObject, name: string): number | null {
  const value = numberField(object, name);
  return value !== null && Number.isInteger(value) && value >= 0 && value <= TOKENS_MAX
    ? value
    : null;
}
