import { GatewayError } from '../../../schemas/error.ts';
import { type ContentPart, textPart } from './chat-message.ts';
import type { OpenaiEncodeContext } from './flavour.ts';

/** Where a block stands in the conversation. */
export interface Place {
  /** True in the turn that the model is to answer now, its tool loop included. */
  readonly isCurrent: boolean;
}

/** Names from the request may be any length; messages and warnings stay short. */
const FIELD_CHARACTERS_MAX = 80;

/**
 * Refuses a block that the server cannot be sent, in the turn that it is to answer.
 *
 * In older turns a note stands for it: another provider has answered them, and a session must be able to move.
 *
 * @throws GatewayError `invalid_request_error` that names the block.
 */
export function impossible(
  field: string,
  what: string,
  { providerId, warnings }: OpenaiEncodeContext,
  { isCurrent }: Place,
): readonly ContentPart[] {
  const name = field.slice(0, FIELD_CHARACTERS_MAX);
  if (isCurrent) {
    throw new GatewayError(
      'invalid_request_error',
      `messages: ${name}: provider ${providerId} cannot read ${what}; send the content as text or as a base64 image, or choose a Claude model`,
    );
  }
  warnings.add(`${name} dropped from an old turn`);
  return [textPart(`[${what} omitted]`)];
}
