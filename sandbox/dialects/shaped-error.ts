import type { HeaderPair } from '../../schemas/envelope.ts';
import type { Failure } from '../api-failure.ts';
import type { WholeAnswer } from '../dialect.ts';
import type { ErrorShape } from '../fault.ts';
import {
  anthropicErrorBody,
  googleErrorBody,
  htmlErrorBody,
  messageOf,
  openrouterErrorBody,
} from '../messages/error-words.ts';
import { azureErrorBody, openaiErrorBody } from '../openai-chat/error-bodies.ts';

const CONTENT_TYPES: Partial<Record<ErrorShape, string>> = {
  html: 'text/html',
  'plain-text': 'text/plain; charset=utf-8',
};

/** Makes an error answer in the shape that the failure asks for, else in the provider's `own`. */
export function shapedError(
  failure: Failure,
  { requestId, own }: { requestId: string; own: ErrorShape },
): WholeAnswer {
  const shape = failure.shape ?? own;
  const headers: HeaderPair[] = [['content-type', CONTENT_TYPES[shape] ?? 'application/json']];
  if (failure.retryAfterSeconds != null) {
    headers.push(['retry-after', String(failure.retryAfterSeconds)]);
  }
  if (shape === 'anthropic' && (failure.status === 400 || failure.status === 401)) {
    headers.push(['x-should-retry', 'false']);
  }
  return { status: failure.status, headers, body: bodyOf(failure, shape, requestId) };
}

function bodyOf(failure: Failure, shape: ErrorShape, requestId: string): string {
  switch (shape) {
    case 'anthropic':
      return anthropicErrorBody(failure, requestId);
    case 'google':
      return googleErrorBody(failure, false);
    case 'google-array':
      return googleErrorBody(failure, true);
    case 'openrouter':
      return openrouterErrorBody(failure, requestId);
    case 'openai':
      return openaiErrorBody(failure);
    case 'azure':
      return azureErrorBody(failure);
    case 'bare-string':
      return JSON.stringify({ error: messageOf(failure) });
    case 'detail':
      return JSON.stringify({ detail: messageOf(failure) });
    case 'plain-text':
      return `${messageOf(failure)}\n`;
    case 'html':
      return htmlErrorBody(failure.status);
  }
}
