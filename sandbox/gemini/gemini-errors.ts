import type { HeaderPair } from '../../schemas/envelope.ts';
import type { Failure } from '../api-failure.ts';
import type { InnerError, WholeAnswer } from '../dialect.ts';
import { GOOGLE_STATUS, messageOf } from '../messages/error-words.ts';
import { statusOfErrorType } from '../openai-chat/error-bodies.ts';

/** What Gemini on Vertex AI says to a status when there is nothing special to say. */
const WORDS: Readonly<Record<number, string>> = {
  401: 'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.',
  403: "Permission 'aiplatform.endpoints.predict' denied on resource (or it may not exist).",
  429: 'Resource exhausted. Please try again later. Please refer to https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.',
  500: 'Internal error encountered.',
  503: 'The service is currently unavailable.',
};

/** An error answer: the time to wait is in `details`; a stream that is no event stream has it in an array. */
export function geminiErrorAnswer(
  failure: Failure,
  { isArray, path }: { isArray: boolean; path: string },
): WholeAnswer {
  const { status } = failure;
  if (failure.shape === 'html' && status === 404) {
    const headers: HeaderPair[] = [['content-type', 'text/html; charset=UTF-8']];
    return { status, headers, body: notFoundPage(path) };
  }
  const error = errorOf(failure);
  const body = isArray ? [{ error }] : { error };
  const headers: HeaderPair[] = [['content-type', 'application/json; charset=UTF-8']];
  return { status, headers, body: JSON.stringify(body, null, 2) };
}

/** The error inside an answer that began well; Google's word for overload is UNAVAILABLE. */
export function innerGeminiError({ errorType, message }: InnerError): string {
  const status = statusOfErrorType(errorType);
  return JSON.stringify({ error: errorOf({ status: status === 529 ? 503 : status, message }) });
}

function errorOf(failure: Failure): unknown {
  const { status: code, retryAfterSeconds } = failure;
  const message = failure.message ?? WORDS[code] ?? messageOf(failure);
  const retry = {
    '@type': 'type.googleapis.com/google.rpc.RetryInfo',
    retryDelay: `${retryAfterSeconds}s`,
  };
  const details = retryAfterSeconds == null ? [] : [retry];
  return { code, message, status: GOOGLE_STATUS[code] ?? 'UNKNOWN', details };
}

function notFoundPage(path: string): string {
  const shown = path.replace(/[<>&"]/g, '');
  return `<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>Error 404 (Not Found)!!1</title>\n  <p><b>404.</b> <ins>That’s an error.</ins>\n  <p>The requested URL <code>${shown}</code> was not found on this server.  <ins>That’s all we know.</ins>\n`;
}
