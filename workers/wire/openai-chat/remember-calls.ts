import type { DecodeContext } from '../../wire.ts';
import type { ReasoningState } from './reasoning.ts';
import type { ToolCall } from './tool-calls.ts';

/**
 * Keeps what the server must see again with the calls of one message: the reasoning that led to them, and its own id
 * where the client knows another. Calls with neither need nothing kept.
 */
export function rememberCalls(
  calls: readonly ToolCall[],
  reasoning: ReasoningState | null,
  context: DecodeContext,
): void {
  const { providerId, upstreamModel } = context;
  const details = reasoning?.reasoningDetails ?? null;
  for (const { toolUseId, upstreamId } of calls) {
    const isRespelled = upstreamId !== null && upstreamId !== toolUseId;
    if (toolUseId === null || (reasoning === null && !isRespelled)) continue;
    context.remember(toolUseId, {
      v: 1,
      provider: providerId,
      model: upstreamModel,
      upstreamId,
      thoughtSignature: null,
      reasoningDetails: details === null ? null : [...details],
      reasoningText: reasoning?.reasoningText ?? null,
    });
  }
}
