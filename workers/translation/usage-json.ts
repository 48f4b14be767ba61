import type { Usage } from '../../schemas/usage.ts';
import type { JsonObject } from '../json.ts';

/** Writes disjoint token counts as Anthropic's usage object. Pure. */
export function usageJson(usage: Usage): JsonObject {
  const { cacheCreation5mInputTokens: fiveMinutes, cacheCreation1hInputTokens: oneHour } = usage;
  return {
    input_tokens: usage.inputTokens,
    cache_creation_input_tokens: fiveMinutes + oneHour,
    cache_read_input_tokens: usage.cacheReadInputTokens,
    cache_creation: {
      ephemeral_5m_input_tokens: fiveMinutes,
      ephemeral_1h_input_tokens: oneHour,
    },
    output_tokens: usage.outputTokens,
    ...(usage.reasoningOutputTokens === 0
      ? {}
      : { output_tokens_details: { thinking_tokens: usage.reasoningOutputTokens } }),
    ...(usage.webSearchRequests === 0
      ? {}
      : {
          server_tool_use: { web_search_requests: usage.webSearchRequests, web_fetch_requests: 0 },
        }),
  };
}
