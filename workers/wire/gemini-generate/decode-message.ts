import type { ReplyError } from '../../../schemas/envelope.ts';
import { errorTypeOfStatus, GatewayError } from '../../../schemas/error.ts';
import { NO_USAGE } from '../../../schemas/usage.ts';
import { asBuffer, numberField } from '../../json.ts';
import type { DecodeContext, DecodedMessage } from '../../wire.ts';
import { MessageFold } from '../fold-message.ts';
import { GeminiAnswer } from './answer.ts';
import { type GeminiChunk, parseChunks } from './candidate.ts';

/**
 * Translates a whole JSON answer, also one in an array, into a message: the same one that its stream would have become.
 * An answer of `countTokens` becomes `{"input_tokens"}`.
 *
 * Throws GatewayError for anything else: broken JSON, errors that were sent with status 200, answers without content.
 */
export function decodeMessage(body: Uint8Array, context: DecodeContext): DecodedMessage {
  const chunks = parseChunks(asBuffer(body).toString('utf8'));
  if (chunks === null) throw strange(context, 'broken JSON');
  const count = tokenCount(chunks);
  if (count !== null) return count;
  if (!chunks.some(({ isAnswer, isError }) => isAnswer || isError)) {
    throw strange(context, 'JSON that is no message');
  }
  const answer = new GeminiAnswer(context);
  for (const chunk of chunks) answer.take(chunk);
  answer.finish();
  if (answer.error !== null) throw asThrown(answer.error);
  const fold = new MessageFold();
  fold.push(answer.takeEvents().bytes);
  return { bytes: fold.finish(), summary: answer.summary() };
}

function tokenCount(chunks: readonly GeminiChunk[]): DecodedMessage | null {
  const [only, ...others] = chunks;
  if (only === undefined || others.length > 0 || only.isAnswer || only.isError) return null;
  const tokens = numberField(only.json, 'totalTokens');
  if (tokens === null) return null;
  const summary = {
    usage: NO_USAGE,
    estimated: false,
    raw: null,
    responseModel: null,
    messageId: null,
    stopReason: null,
  };
  return { bytes: Buffer.from(JSON.stringify({ input_tokens: tokens })), summary };
}

function asThrown({ status, message, headers }: ReplyError): GatewayError {
  const seconds = Number(headers.find(([name]) => name === 'retry-after')?.[1] ?? Number.NaN);
  return new GatewayError(errorTypeOfStatus(status), message, {
    status,
    ...(Number.isFinite(seconds) ? { retryAfterMs: seconds * 1000 } : {}),
  });
}

function strange({ providerId }: DecodeContext, what: string): GatewayError {
  return new GatewayError('api_error', `provider ${providerId} answered with ${what}`, {
    status: 502,
  });
}
