import type { ToolState } from '../../../schemas/tool-state.ts';
import { textField } from '../../json.ts';
import type { Block } from '../../translation/messages-request.ts';
import { openSignature } from '../../translation/signature.ts';
import { type GeminiEncodeContext, isGemini3 } from './encode-context.ts';

/** Tells Gemini 3 to take a call that another model made. Source: protocol reference §3, thought signatures. */
export const SKIP_VALIDATOR = 'skip_thought_signature_validator';

/** Where in the conversation a call stands. */
export interface CallPlace {
  /** True for the first call of its step. */
  readonly isFirst: boolean;
  /** True when its step belongs to the current turn, the only one whose signatures are checked. */
  readonly isCurrent: boolean;
}

/** What this provider must see again with a call; null when it is lost or another provider's. */
export function ownState(id: string | null, context: GeminiEncodeContext): ToolState | null {
  const state = id === null ? undefined : context.toolStates.get(id);
  return state !== undefined && state.provider === context.providerId ? state : null;
}

/**
 * The signature to send with a call: the model's own, or the bypass value where Gemini 3 insists on one, or null.
 *
 * A signature goes back only to the model that gave it.
 */
export function callSignature(
  state: ToolState | null,
  place: CallPlace,
  context: GeminiEncodeContext,
): string | null {
  const own = state?.model === context.upstreamModel ? state.thoughtSignature : null;
  if (own !== null && own !== '') return own;
  return place.isFirst && place.isCurrent && isGemini3(context) ? SKIP_VALIDATOR : null;
}

/** A thinking block that this very model made. */
export interface OwnThought {
  readonly text: string;
  readonly signature: string | null;
}

/** Reads a thinking block; null when another model made it, or nobody knows who. */
export function ownThought(block: Block, context: GeminiEncodeContext): OwnThought | null {
  const envelope = openSignature(block.signature);
  if (envelope?.provider !== context.providerId || envelope.model !== context.upstreamModel)
    return null;
  return {
    text: textField(block, 'thinking') ?? '',
    signature: textField(envelope.state, 'thoughtSignature'),
  };
}
