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
 * Lays a later usage object over an earlier one: counts are cumulative, so that what comes later replaces; a null
 * takes nothing away.
 */
export function mergeUsage(earlier: JsonObject | null, later: JsonObject): JsonObject {
  const merged = { ...earlier };
  for (const [name, value] of Object.entries(later)) {
    if (value !== null && value !== undefined) merged[name] = value;
  }
  return merged;
}

/**
 * Reads Anthropic's usage object into disjoint parts. Counts that are no plausible integers are left out.
 *
 * Cache writes without the split by lifetime count as 5-minute writes. `iterations` stay in the raw object: they are
 * priced by their own models. Source: protocol reference §1.8.
 */
export function readUsage(raw: JsonObject | null): ReadUsage {
  if (raw === null) return { usage: NO_USAGE, hasInput: false, hasOutput: false };
  const input = tokens(raw, 'input_tokens');
  const output = tokens(raw, 'output_tokens');
  const reasoning = tokens(objectField(raw, 'output_tokens_details'), 'thinking_tokens') ?? 0;
  return {
    hasInput: input !== null,
    hasOutput: output !== null,
    usage: {
      inputTokens: input ?? 0,
      cacheReadInputTokens: tokens(raw, 'cache_read_input_tokens') ?? 0,
      ...cacheWrites(raw),
      outputTokens: output ?? 0,
      reasoningOutputTokens: Math.min(reasoning, output ?? 0),
      webSearchRequests: tokens(objectField(raw, 'server_tool_use'), 'web_search_requests') ?? 0,
    },
  };
}

function cacheWrites(
  raw: JsonObject,
): Pick<Usage, 'cacheCreation5mInputTokens' | 'cacheCreation1hInputTokens'> {
  const split = objectField(raw, 'cache_creation');
  const fiveMinutes = tokens(split, 'ephemeral_5m_input_tokens') ?? 0;
  const oneHour = tokens(split, 'ephemeral_1h_input_tokens') ?? 0;
  // The total may be newer than the split: message_delta repeats the total alone.
  const total = tokens(raw, 'cache_creation_input_tokens') ?? fiveMinutes + oneHour;
  const atMost1h = Math.min(oneHour, total);
  return { cacheCreation5mInputTokens: total - atMost1h, cacheCreation1hInputTokens: atMost1h };
}

function tokens(object: JsonObject, name: string): number | null {
  const value = numberField(object, name);
  return value !== null && Number.isInteger(value) && value >= 0 && value <= TOKENS_MAX
    ? value
    : null;
}
