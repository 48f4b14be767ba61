import type { ToolState } from '../../../schemas/tool-state.ts';
import { textField } from '../../json.ts';
import type { Block } from '../../translation/messages-request.ts';
import { openSignature } from '../../translation/signature.ts';
import type { ChatMessage } from './chat-message.ts';
import type { OpenaiEncodeContext } from './flavour.ts';

/** The fields of an assistant message that carry reasoning back. */
export type ReasoningFields = Pick<ChatMessage, 'reasoning_details' | 'reasoning_content'>;

/** What of an assistant turn may hold reasoning. */
export interface ReasoningSources {
  /** Its `thinking` and `redacted_thinking` blocks. */
  readonly thinking: readonly Block[];
  /** The ids of its tool calls. */
  readonly toolUseIds: readonly string[];
  /** True within the tool loop that goes on. */
  readonly isCurrent: boolean;
}

/**
 * Gives the server back its own reasoning, as far as it wants any; another's is dropped, told in the current loop only.
 *
 * Source: protocol reference §7.6.
 */
export function replayReasoning(
  { thinking, toolUseIds, isCurrent }: ReasoningSources,
  context: OpenaiEncodeContext,
): ReasoningFields {
  const own = thinking.flatMap((block) => ownReasoning(block, context) ?? []);
  if (isCurrent && own.length < thinking.length)
    context.warnings.add('thinking of another provider or model dropped');
  const { replayReasoning: mode } = context.flavour;
  if (mode === 'never' || (mode === 'toolLoop' && !isCurrent)) return {};
  // Every call keeps the reasoning of its whole message: the first will do, where the client sent no blocks.
  const kept = toolUseIds.flatMap((id) => ownToolState(id, context) ?? []);
  if (mode === 'details') {
    const details = own.flatMap(({ details }) => details);
    const reasoning_details =
      details.length > 0 ? details : kept.find(hasDetails)?.reasoningDetails;
    return reasoning_details ? { reasoning_details } : {};
  }
  const text = own.map((reasoning) => reasoning.text).join('');
  const reasoning_content =
    text !== '' ? text : kept.find(({ reasoningText }) => reasoningText)?.reasoningText;
  return reasoning_content ? { reasoning_content } : {};
}

interface OwnReasoning {
  readonly details: readonly unknown[];
  readonly text: string;
}

function ownReasoning(block: Block, context: OpenaiEncodeContext): OwnReasoning | null {
  const signature = openSignature(block.signature);
  if (signature === null || !isOwn(signature, context)) return null;
  const { reasoningDetails } = signature.state;
  return {
    details: Array.isArray(reasoningDetails) ? reasoningDetails : [],
    // The client may have been shown blocks without their text.
    text: textField(signature.state, 'reasoningText') ?? textField(block, 'thinking') ?? '',
  };
}

function ownToolState(id: string, context: OpenaiEncodeContext): ToolState | null {
  const state = context.toolStates.get(id);
  return state !== undefined && isOwn(state, context) ? state : null;
}

function hasDetails({ reasoningDetails }: ToolState): boolean {
  return reasoningDetails !== null && reasoningDetails.length > 0;
}

/** Reasoning is good only at the model that gave it. */
function isOwn(
  origin: { readonly provider: string; readonly model: string },
  { providerId, upstreamModel }: OpenaiEncodeContext,
): boolean {
  return origin.provider === providerId && origin.model === upstreamModel;
}
