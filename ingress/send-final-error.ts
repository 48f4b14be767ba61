import type { HeaderPair } from '../schemas/envelope.ts';
import { errorBody } from '../schemas/error.ts';
import { JSON_TYPE } from './answer.ts';
import type { AttemptFailure } from './final-error.ts';
import type { HttpReply } from './http/http.ts';

/** Sends what the last attempt failed of: in the upstream's own words where it sent some, else in Anthropic's shape. */
export function sendFinalError(
  reply: HttpReply,
  error: AttemptFailure,
  own: { readonly requestId: string; readonly headers: readonly HeaderPair[] },
): void {
  const headers: HeaderPair[] = [
    JSON_TYPE,
    ...error.headers.filter(([name]) => name !== 'content-type'),
    ...own.headers,
  ];
  reply.send(
    error.status,
    headers,
    error.body ?? errorBody(error.type, error.message, own.requestId),
  );
}
