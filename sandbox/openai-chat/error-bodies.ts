import { ERROR_TYPES, type ErrorType, errorTypeOfStatus } from '../../schemas/error.ts';
import { ApiFailure, type Failure } from '../api-failure.ts';
import type { InnerError } from '../dialect.ts';
import { messageOf } from '../messages/error-words.ts';

/** What OpenAI says to a status when there is nothing special to say: message, type and code. */
const OPENAI_WORDS: Readonly<Record<number, readonly [message: string, code: string | null]>> = {
  401: [
    'Incorrect API key provided: invalid. You can find your API key at https://platform.openai.com/account/api-keys.',
    'invalid_api_key',
  ],
  402: ['Insufficient Balance', 'invalid_request_error'],
  403: ['Country, region, or territory not supported', 'unsupported_country_region_territory'],
  404: ['The model does not exist or you do not have access to it.', 'model_not_found'],
  413: ['Request too large', 'request_too_large'],
  429: ['Rate limit reached for requests. Please try again later.', 'rate_limit_exceeded'],
  500: ['The server had an error while processing your request. Sorry about that!', null],
  503: ['The engine is currently overloaded, please try again later', null],
};

/** A 400 as OpenAI words it. */
export function badChat(
  message: string,
  { param = null, code = null }: { param?: string | null; code?: string | null } = {},
): ApiFailure {
  return new ApiFailure({ status: 400, message, param, code });
}

/** OpenAI's error body. Source: protocol reference §6.8. */
export function openaiErrorBody(failure: Failure): string {
  const { status, param = null } = failure;
  const [words, ownCode = null] = OPENAI_WORDS[status] ?? [messageOf(failure)];
  const code = failure.code === undefined ? ownCode : failure.code;
  const type = failure.type ?? openaiType(status);
  return JSON.stringify({ error: { message: failure.message ?? words, type, param, code } });
}

const AZURE_CODES: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: '401',
  403: '403',
  404: 'unknown_model',
  408: 'Timeout',
  410: 'Gone',
  413: 'tokens_limit_reached',
  422: 'Unprocessable entity',
  429: 'RateLimitReached',
  500: 'InternalServerError',
  503: 'ServiceUnavailable',
};
const AZURE_WORDS: Readonly<Record<number, string>> = {
  401: 'Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.',
  410: 'GitHub Models was retired on 2026-07-30.',
  429: 'Rate limit of 10 per 60s exceeded for UserByModelByMinute. Please wait 46 seconds before retrying.',
};

/** The error body of Azure AI inference: a 401 and a 400 of OpenAI's make have no details. Source: protocol reference §4. */
export function azureErrorBody(failure: Failure): string {
  const { status, param } = failure;
  const message = failure.message ?? AZURE_WORDS[status] ?? messageOf(failure);
  if (param !== undefined) return openaiErrorBody({ ...failure, message });
  const code = failure.code ?? AZURE_CODES[status] ?? 'UnknownError';
  const details = status === 401 ? {} : { details: message };
  return JSON.stringify({ error: { code, message, ...details } });
}

/** The HTTP status that Anthropic's error type stands for; 500 for an unknown one. */
export function statusOfErrorType(type: string): number {
  return Object.hasOwn(ERROR_TYPES, type) ? ERROR_TYPES[type as ErrorType].status : 500;
}

/** OpenAI's error inside an answer that began well; overload is a server error there. */
export function innerOpenaiError({ errorType, message }: InnerError): string {
  const status = statusOfErrorType(errorType);
  const code = status === 529 ? 503 : status;
  return JSON.stringify({ error: { message, type: openaiType(code), param: null, code } });
}

function openaiType(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'requests';
  if (status >= 500) return 'server_error';
  return errorTypeOfStatus(status) === 'timeout_error' ? 'timeout' : 'invalid_request_error';
}
