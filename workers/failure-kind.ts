import type { ReplyError } from '../schemas/envelope.ts';
import { GatewayError } from '../schemas/error.ts';
import type { FailureKind } from '../schemas/observation.ts';
import { isCredentialRefused } from './errors/map-problem.ts';
import type { UpstreamFailure } from './upstream-client.ts';

const KINDS_OF_STATUS: Readonly<Record<number, FailureKind>> = {
  400: 'request',
  401: 'credential',
  402: 'billing',
  403: 'credential',
  404: 'not_served',
  408: 'timeout',
  410: 'not_served',
  413: 'request',
  422: 'request',
  429: 'rate_limited',
  498: 'overloaded',
  501: 'not_served',
  503: 'overloaded',
  504: 'timeout',
  524: 'timeout',
  529: 'overloaded',
};
const KINDS_OF_TYPE: Readonly<Record<string, FailureKind>> = {
  invalid_request_error: 'request',
  request_too_large: 'request',
  permission_error: 'request',
  authentication_error: 'credential',
  billing_error: 'billing',
  not_found_error: 'not_served',
  rate_limit_error: 'rate_limited',
  timeout_error: 'timeout',
  overloaded_error: 'overloaded',
};
/** Anthropic says 400 for an empty account, and 429 for a spend limit. Source: protocol reference §1.10. */
const NO_MONEY =
  /credit balance is too low|(?:enforced_spend|contract_spend)_limit_reached|ramp_limit_exceeded/;

/** Why a call never became a whole answer. */
export function failureOfCall({ kind }: UpstreamFailure): FailureKind {
  if (kind === 'unreachable') return 'connection';
  return kind === 'broken' ? 'server_error' : kind;
}

/**
 * What the upstream's refusal with a status means for routing; `error` is what the client gets to see of it.
 *
 * The words count where they say more than the status: a prompt that is too long is the request's fault with any status,
 * a country that is not served is not.
 */
export function failureOfRefusal(
  status: number,
  error: ReplyError,
  { retryAfterMs }: { readonly retryAfterMs: number | null },
): FailureKind {
  if (isCredentialRefused(error)) return 'credential';
  if (error.type === 'billing_error' || NO_MONEY.test(error.body ?? error.message)) {
    // OpenRouter reserves credit for what is in flight, and says when some will be free.
    return retryAfterMs === null ? 'billing' : 'rate_limited';
  }
  if (error.type === 'invalid_request_error') return error.isFailover ? 'not_served' : 'request';
  if (error.type === 'permission_error') return 'request';
  if (error.type === 'rate_limit_error') return 'rate_limited';
  if (error.type === 'overloaded_error') return 'overloaded';
  const kind = KINDS_OF_STATUS[status];
  if (kind !== undefined) return kind;
  if (status >= 500) return 'server_error';
  return status >= 400 ? 'request' : 'malformed';
}

/** What a failure inside an answer of status 200 means: the upstream's own report by its type, else it is no answer. */
export function failureOfReport(error: ReplyError): FailureKind {
  if (isCredentialRefused(error)) return 'credential';
  const kind = KINDS_OF_TYPE[error.type];
  if (kind !== undefined) return kind;
  // Only what the upstream said itself is kept as it came or stands behind its name.
  return error.body !== null || error.message.startsWith('[') ? 'server_error' : 'malformed';
}

/**
 * What it means that an attempt ended before the upstream was asked. Defects of ours, bodies that did not come and time
 * that was up say nothing about the provider; credentials that cannot be had keep it out for a while.
 */
export function failureOfThrown(error: unknown): FailureKind {
  if (!(error instanceof GatewayError)) return 'request';
  const kind = KINDS_OF_TYPE[error.type];
  return kind ?? (error.status >= 500 ? 'connection' : 'request');
}
