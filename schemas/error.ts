/** Anthropic's error types, with the HTTP status that carries each and whether a client retries it. */
export const ERROR_TYPES = {
  invalid_request_error: { status: 400, isRetryable: false },
  authentication_error: { status: 401, isRetryable: false },
  billing_error: { status: 402, isRetryable: false },
  permission_error: { status: 403, isRetryable: false },
  not_found_error: { status: 404, isRetryable: false },
  request_too_large: { status: 413, isRetryable: false },
  rate_limit_error: { status: 429, isRetryable: true },
  api_error: { status: 500, isRetryable: true },
  timeout_error: { status: 504, isRetryable: true },
  overloaded_error: { status: 529, isRetryable: true },
} as const satisfies Record<string, { status: number; isRetryable: boolean }>;

/** A key of ERROR_TYPES: the `error.type` of Anthropic's error body. */
export type ErrorType = keyof typeof ERROR_TYPES;

/** What a GatewayError may carry beside its type and message. */
export interface GatewayErrorOptions extends ErrorOptions {
  /** HTTP status, where it differs from the type's own (a 502 is an `api_error` too). */
  readonly status?: number;
  /** Milliseconds after which a retry makes sense. */
  readonly retryAfterMs?: number;
  /** The value of `x-should-retry`; absent = the header is not sent. */
  readonly shouldRetry?: boolean;
}

/**
 * The one error that becomes an answer to the client.
 *
 * `message` is read by users of Claude Code: it names the field or the variable and how to fix it, and never
 * holds a credential, a prompt or a path of this machine.
 */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly type: ErrorType;
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  readonly shouldRetry: boolean | undefined;

  constructor(type: ErrorType, message: string, options: GatewayErrorOptions = {}) {
    super(message, options);
    this.type = type;
    this.status = options.status ?? ERROR_TYPES[type].status;
    this.retryAfterMs = options.retryAfterMs;
    this.shouldRetry = options.shouldRetry;
  }
}

/** Anthropic's error body: `{"type":"error","error":{"type","message"},"request_id"}`. */
export function errorBody(type: string, message: string, requestId: string): string {
  return JSON.stringify({ type: 'error', error: { type, message }, request_id: requestId });
}

/** The error type Anthropic uses for an HTTP status. Source: protocol reference §1.10. */
export function errorTypeOfStatus(status: number): ErrorType {
  if (status === 408 || status === 504) return 'timeout_error';
  if (status === 429) return 'rate_limit_error';
  if (status === 529) return 'overloaded_error';
  for (const [type, { status: own }] of Object.entries(ERROR_TYPES)) {
    if (own === status) return type as ErrorType; // Object.entries widens the key
  }
  return status >= 400 && status < 500 ? 'invalid_request_error' : 'api_error';
}

/**
 * True when another provider may succeed where this status failed: 5xx, 429, 401, 403, 404, 408, 410, 402 and 501.
 *
 * 400, 413 and 422 say that the request itself is at fault: the client must see them.
 * Source: fail-over set of Anthropic's own gateway, protocol reference §1.14; 402, 408 and 410 per §7.5.
 */
export function isFailover(status: number): boolean {
  return status >= 500 || [401, 402, 403, 404, 408, 410, 429].includes(status);
}
