import type { Wire } from '../wire.ts';
import { decodeError } from './openai-chat/decode-error.ts';
import { decodeMessage } from './openai-chat/decode-message.ts';
import { ChatStreamDecoder } from './openai-chat/stream-decoder.ts';

/** OpenAI's chat completions, as OpenAI, Azure, OpenRouter and the compatible servers speak them. */
export const openaiChat: Wire = {
  id: 'openai-chat',
  createStreamDecoder: (context) => new ChatStreamDecoder(context),
  decodeMessage,
  decodeError,
};
