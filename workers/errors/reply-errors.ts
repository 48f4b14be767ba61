import type { HeaderPair, ReplyError } from '../../schemas/envelope.ts';
import { ERROR_TYPES, type ErrorType, GatewayError, isFailover } from '../../schemas/error.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import type { UpstreamFailure } from '../upstream-client.ts';

/** Turns what a worker's own code threw into a reply; what is no GatewayError is a defect of ours, unnamed. */
export function thrownError(error: unknown): ReplyError {
  const known =
    error instanceof GatewayError
      ? error
      : new GatewayError('api_error', 'the gateway failed while serving this request');
  return {
    ...replyError(known.type, known.message, known.status),
    headers: headersOf(known),
  };
}

/** Turns a call that never became a whole answer into a reply. */
export function callFailed(failure: UpstreamFailure, providerId: ProviderId): ReplyError {
  const { kind, code } = failure;
  const name = `provider ${providerId}`;
  if (kind === 'timeout') return replyError('timeout_error', `${name} did not answer in time`);
  if (kind === 'unreachable')
    return replyError('api_error', `${name} cannot be reached (${code})`, 502);
  if (kind === 'malformed') {
    return replyError('api_error', `${name} sent an answer that is not HTTP (${code})`, 502);
  }
  return replyError('api_error', `${name} broke off its answer (${code})`, 502);
}

/** The client left, or the attempt was superseded: nobody reads this. */
export function cancelled(): ReplyError {
  return { ...replyError('api_error', 'the request was cancelled', 499), isFailover: false };
}

/** A failure in the gateway's own words, without an upstream's status. */
export function replyError(
  type: ErrorType,
  message: string,
  status: number = ERROR_TYPES[type].status,
): ReplyError {
  return {
    type,
    status,
    message,
    body: null,
    headers: [],
    upstreamStatus: null,
    isFailover: isFailover(status),
  };
}

function headersOf({ retryAfterMs, shouldRetry }: GatewayError): HeaderPair[] {
  const headers: HeaderPair[] = [];
  if (retryAfterMs !== undefined) {
    headers.push(['retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1000)))]);
  }
  if (shouldRetry !== undefined) headers.push(['x-should-retry', String(shouldRetry)]);
  return headers;
}
