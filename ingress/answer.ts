import type { HeaderPair } from '../schemas/envelope.ts';
import { errorBody, type GatewayError } from '../schemas/error.ts';
import type { HttpReply } from './http/http.ts';

/** The media type of every JSON answer. */
export const JSON_TYPE: HeaderPair = ['content-type', 'application/json'];

/** Sends a GatewayError in Anthropic's shape. */
export function sendError(reply: HttpReply, error: GatewayError, requestId: string): void {
  const headers: HeaderPair[] = [JSON_TYPE, ['request-id', requestId]];
  if (error.retryAfterMs !== undefined) {
    headers.push(['retry-after', String(Math.ceil(error.retryAfterMs / 1000))]);
  }
  if (error.shouldRetry !== undefined) headers.push(['x-should-retry', String(error.shouldRetry)]);
  reply.send(error.status, headers, errorBody(error.type, error.message, requestId));
}

/** Sends a JSON value. */
export function sendJson(
  reply: HttpReply,
  status: number,
  options: { requestId: string; value: unknown },
): void {
  const headers: HeaderPair[] = [JSON_TYPE, ['request-id', options.requestId]];
  reply.send(status, headers, JSON.stringify(options.value));
}
