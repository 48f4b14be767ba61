import { randomBytes } from 'node:crypto';
import type { HeaderPair } from '../../schemas/envelope.ts';
import { errorBody } from '../../schemas/error.ts';
import type { Refusal } from './guard.ts';
import type { HttpReply } from './http.ts';

/** A whole answer in Anthropic's error shape, with a request id of its own. */
export interface FailureAnswer {
  readonly status: number;
  readonly headers: readonly HeaderPair[];
  readonly body: string;
}

/** The answer to a request that the guard refused. */
export function refusalAnswer(refusal: Refusal): FailureAnswer {
  const requestId = `req_${randomBytes(16).toString('hex')}`;
  return {
    status: refusal.status,
    headers: [
      ['content-type', 'application/json'],
      ['request-id', requestId],
    ],
    body: errorBody(refusal.type, refusal.message, requestId),
  };
}

/** The last resort after a handler threw: 500 while nothing was sent, else the connection is cut. */
export function answerHandlerFailure(reply: HttpReply): void {
  if (reply.isStarted) {
    reply.cut();
    return;
  }
  const answer = refusalAnswer({
    status: 500,
    type: 'api_error',
    message: 'Internal server error',
    isFramingInDoubt: false,
  });
  reply.send(answer.status, answer.headers, answer.body);
}
