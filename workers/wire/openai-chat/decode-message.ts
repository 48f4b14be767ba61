import type { ReplyError } from '../../../schemas/envelope.ts';
import { errorTypeOfStatus, GatewayError } from '../../../schemas/error.ts';
import { asBuffer, isJsonObject } from '../../json.ts';
import type { AnswerSummary, DecodeContext, DecodedMessage } from '../../wire.ts';
import { MessageFold } from '../fold-message.ts';
import { ChatAnswer } from './answer.ts';
import { readChunk } from './chunk.ts';
import { looksLikeJson, parseBodies, parseBody } from './parse-body.ts';
import { ChatStreamDecoder } from './stream-decoder.ts';
import { malformedAnswer, reportedError } from './stream-error.ts';

/**
 * Decodes a whole answer through the same steps as a stream of one chunk, so that both agree. Streams that came though
 * none was asked for, and one JSON object per line, are read too.
 *
 * Throws GatewayError for failures that were sent with status 200, and for what is no chat completion.
 */
export function decodeMessage(body: Uint8Array, context: DecodeContext): DecodedMessage {
  const text = asBuffer(body).toString('utf8').trim();
  if (!looksLikeJson(text) && !text.startsWith('<')) return decodeStream(body, context);
  const whole = parseBody(text);
  const bodies = isJsonObject(whole) ? [whole] : parseBodies(text);
  if (bodies === null) throw thrown(malformedAnswer(context, `answered with ${wordFor(text)}`));
  const answer = new ChatAnswer(context);
  const fold = new MessageFold();
  for (const one of bodies) {
    if (!isJsonObject(one)) continue;
    const chunk = readChunk(one);
    if (chunk.failure !== null) {
      throw thrown(reportedError(JSON.stringify(chunk.failure), context));
    }
    if (!('choices' in one || isJsonObject(one.message))) {
      throw thrown(malformedAnswer(context, 'answered with JSON that is no message'));
    }
    answer.take(chunk);
  }
  answer.end('whole');
  fold.push(answer.takeEvents().bytes);
  return folded(fold, answer);
}

function decodeStream(body: Uint8Array, context: DecodeContext): DecodedMessage {
  const decoder = new ChatStreamDecoder(context);
  const fold = new MessageFold();
  fold.push(decoder.push(body).bytes);
  fold.push(decoder.finish().bytes);
  return folded(fold, decoder);
}

interface Decoded {
  readonly error: ReplyError | null;
  summary(): AnswerSummary;
}

function folded(fold: MessageFold, decoded: Decoded): DecodedMessage {
  if (decoded.error !== null) throw thrown(decoded.error);
  return { bytes: fold.finish(), summary: decoded.summary() };
}

function wordFor(text: string): string {
  return text.startsWith('<') ? 'a web page' : 'broken JSON';
}

function thrown({ status, message, headers }: ReplyError): GatewayError {
  const seconds = Number(headers.find(([name]) => name === 'retry-after')?.[1]);
  return new GatewayError(errorTypeOfStatus(status), message, {
    status,
    ...(Number.isFinite(seconds) ? { retryAfterMs: seconds * 1_000 } : {}),
  });
}
