import type { Wire } from '../wire.ts';
import { decodeError } from './anthropic-messages/decode-error.ts';
import { decodeMessage } from './anthropic-messages/decode-message.ts';
import { AnthropicStreamDecoder } from './anthropic-messages/stream-decoder.ts';

/** Anthropic's Messages API, the client's own wire: answers pass byte for byte, and are only watched. */
export const anthropicMessages: Wire = {
  id: 'anthropic-messages',
  createStreamDecoder: (context) => new AnthropicStreamDecoder(context),
  decodeMessage,
  decodeError,
};
