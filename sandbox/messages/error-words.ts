import { errorTypeOfStatus } from '../../schemas/error.ts';
import type { Failure } from '../api-failure.ts';
import type { InnerError } from '../dialect.ts';

/** What the Messages API says to a status when there is nothing special to say. Source: protocol reference §1.10. */
const WORDS: Readonly<Record<number, string>> = {
  400: 'Error',
  401: 'invalid x-api-key',
  402: 'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
  403: 'Your API key does not have permission to use the specified resource.',
  404: 'Not found',
  408: 'Request timed out',
  409: 'Conflict',
  413: 'Request exceeds the maximum size',
  429: "This request would exceed your organization's rate limit. Please try again later.",
  500: 'Internal server error',
  502: 'Bad gateway',
  503: 'Service unavailable',
  504: 'Request timed out',
  529: 'Overloaded',
};

/** The failure's message, or the API's own for its status. */
export function messageOf({ status, message }: Failure): string {
  return message ?? WORDS[status] ?? 'Error';
}

/** Anthropic's error envelope. */
export function anthropicErrorBody(failure: Failure, requestId: string): string {
  const type = failure.type ?? errorTypeOfStatus(failure.status);
  const error = { type, message: messageOf(failure) };
  return JSON.stringify({ type: 'error', error, request_id: requestId });
}

/** Anthropic's error inside an answer that began well. */
export function innerAnthropicError({ errorType, message }: InnerError): string {
  return JSON.stringify({ type: 'error', error: { type: errorType, message } });
}

/** The page that a proxy in front of an API shows. */
export function htmlErrorBody(status: number): string {
  const title = `${status} ${status === 502 ? 'Bad Gateway' : 'Error'}`;
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n`;
}

/** Google's word for an HTTP status. */
export const GOOGLE_STATUS: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};
const GOOGLE_WORDS: Readonly<Record<number, string>> = {
  401: 'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.',
  403: "Permission 'aiplatform.endpoints.predict' denied on resource (or it may not exist).",
  429: 'Quota exceeded for aiplatform.googleapis.com/online_prediction_input_tokens_per_minute_per_base_model with base model: anthropic-claude. Please submit a quota increase request. https://cloud.google.com/vertex-ai/docs/generative-ai/quotas-genai.',
  503: 'The service is currently unavailable.',
};

/** Google's error body; `isArray` wraps it as the streaming method does. Source: protocol reference §2. */
export function googleErrorBody(failure: Failure, isArray: boolean): string {
  const { status: code } = failure;
  const message = failure.message ?? GOOGLE_WORDS[code] ?? messageOf(failure);
  const body = { error: { code, message, status: GOOGLE_STATUS[code] ?? 'UNKNOWN' } };
  return JSON.stringify(isArray ? [body] : body);
}

const OPENROUTER_WORDS: Readonly<Record<number, string>> = {
  401: 'User not found.',
  402: 'Insufficient credits. Add more using https://openrouter.ai/settings/credits',
  408: 'Request timed out',
};

/** OpenRouter's error body: what the model's API said goes into `metadata.raw`. Source: protocol reference §5. */
export function openrouterErrorBody(failure: Failure, requestId: string): string {
  const { status: code, isFromModel, message } = failure;
  if (isFromModel === true) {
    const raw = anthropicErrorBody(failure, requestId);
    const metadata = { raw, provider_name: 'Anthropic' };
    return JSON.stringify({ error: { message: 'Provider returned error', code, metadata } });
  }
  const words = message ?? OPENROUTER_WORDS[code] ?? messageOf(failure);
  const metadata = failure.code == null ? {} : { metadata: { error_type: failure.code } };
  return JSON.stringify({ error: { message: words, code, ...metadata } });
}
