import type { Wire } from '../wire.ts';
import { decodeError } from './gemini-generate/decode-error.ts';
import { decodeMessage } from './gemini-generate/decode-message.ts';
import { GeminiStreamDecoder } from './gemini-generate/stream-decoder.ts';

/** Google's generateContent, of Vertex AI and of the Gemini API: answers are translated. */
export const geminiGenerate: Wire = {
  id: 'gemini-generate',
  createStreamDecoder: (context) => new GeminiStreamDecoder(context),
  decodeMessage,
  decodeError,
};
