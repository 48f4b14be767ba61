/** The HTTP status that OpenAI's and the compatible servers' words stand for, where an error came without a status. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  badrequesterror: 400,
  content_filter: 400,
  context_length_exceeded: 400,
  authentication: 401,
  authentication_error: 401,
  invalid_api_key: 401,
  billing_error: 402,
  insufficient_quota: 402,
  payment_required: 402,
  permission_denied: 403,
  permission_error: 403,
  model_not_found: 404,
  not_found: 404,
  not_found_error: 404,
  timeout: 504,
  timeout_error: 504,
  payload_too_large: 413,
  request_too_large: 413,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  ratelimitreached: 429,
  rate_limited: 429,
  too_many_requests: 429,
  overloaded_error: 529,
  provider_overloaded: 529,
  service_unavailable: 503,
};

/** The HTTP status that an error's word stands for; null when it says none. */
export function statusOfCode(code: string | null): number | null {
  return code === null ? null : (STATUS_OF_CODE[code.toLowerCase()] ?? null);
}
