import { z } from 'zod';

/**
 * What a provider must see again when a tool call comes back in the history, kept by the `tool_use` id the client
 * knows. Losing it degrades an answer and never fails a request.
 */
export const toolStateSchema = z.looseObject({
  v: z.literal(1),
  /** Provider id; its state is never sent to another one. */
  provider: z.string(),
  /** The provider's spelling: a signature is good only at the model that gave it. */
  model: z.string(),
  /** The provider's own id of the call; null when it gave none. */
  upstreamId: z.string().nullable(),
  /** Gemini's signature of the part; null when it had none. */
  thoughtSignature: z.string().nullable(),
  /** OpenRouter's `reasoning_details` of the message, or null. */
  reasoningDetails: z.array(z.unknown()).nullable(),
  /** Reasoning text that some servers want back within a tool loop, or null. */
  reasoningText: z.string().nullable(),
});
/** See `toolStateSchema`. */
export type ToolState = z.infer<typeof toolStateSchema>;
