import { errorTypeOfStatus, GatewayError } from '../../../schemas/error.ts';
import { NO_USAGE } from '../../../schemas/usage.ts';
import {
  asBuffer,
  isJsonObject,
  numberField,
  objectField,
  parseJson,
  textField,
} from '../../json.ts';
import { withPrompt } from '../../prompt-estimate.ts';
import type { DecodeContext, DecodedMessage } from '../../wire.ts';
import { streamError } from './stream-error.ts';
import { readUsage } from './usage.ts';

/**
 * Checks a whole JSON answer, a message or a token count, and reads its usage. The bytes stay as they are.
 *
 * Throws GatewayError for anything else: broken JSON, and errors that were sent with status 200.
 */
export function decodeMessage(body: Uint8Array, context: DecodeContext): DecodedMessage {
  const text = asBuffer(body).toString('utf8');
  const message = parseJson(text);
  if (!isJsonObject(message)) throw noMessage(context, 'broken JSON');
  if (message.type === 'error' || 'error' in message) {
    const { message: words, status } = streamError(text, context);
    throw new GatewayError(errorTypeOfStatus(status), words, { status });
  }
  if (numberField(message, 'input_tokens') !== null && !('content' in message)) {
    const summary = {
      usage: NO_USAGE,
      estimated: false,
      raw: null,
      responseModel: null,
      messageId: null,
      stopReason: null,
    };
    return { bytes: body, summary };
  }
  if (!Array.isArray(message.content)) throw noMessage(context, 'JSON that is no message');
  const raw = isJsonObject(message.usage) ? objectField(message, 'usage') : null;
  const { usage, hasInput, hasOutput } = readUsage(raw);
  return {
    bytes: body,
    summary: {
      usage: {
        ...withPrompt({ usage, hasInput }, context.expectedPrompt),
        outputTokens: hasOutput ? usage.outputTokens : Math.ceil(body.length / BYTES_PER_TOKEN),
      },
      estimated: !hasInput || !hasOutput,
      raw,
      responseModel: textField(message, 'model'),
      messageId: textField(message, 'id'),
      stopReason: textField(message, 'stop_reason'),
    },
  };
}

/** Bytes of a message per output token, for answers without usage. */
const BYTES_PER_TOKEN = 4;

function noMessage({ providerId }: DecodeContext, what: string): GatewayError {
  return new GatewayError('api_error', `provider ${providerId} answered with ${what}`, {
    status: 502,
  });
}
