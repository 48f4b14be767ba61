import type { HeaderPair } from '../../schemas/envelope.ts';
import { ApiFailure, invalidRequest } from '../api-failure.ts';
import type { Call, Dialect, HeaderContext } from '../dialect.ts';
import type { AnswerStyle } from '../messages/answer-style.ts';
import { checkBody, checkContext, modelNotFound, parseBody } from '../messages/check-body.ts';
import { encodeMessage } from '../messages/encode-message.ts';
import { encodeStream } from '../messages/encode-stream.ts';
import { innerAnthropicError } from '../messages/error-words.ts';
import { textOf } from '../messages/json.ts';
import { isClaudeName } from '../messages/model-facts.ts';
import { listModels, retrieveModel } from '../messages/models.ts';
import { readPrompt } from '../messages/read-prompt.ts';
import { signThinking } from '../messages/signature.ts';
import { LIMITED } from '../rate-windows.ts';
import { rfc3339 } from '../rfc3339.ts';
import type { Prompt } from '../script/prompt.ts';
import { bearerToken, INVALID_CREDENTIAL } from './credential.ts';
import { shapedError } from './shaped-error.ts';

const NEWEST_VERSION = '2026-10-21';
const STYLE: AnswerStyle = {
  messagePrefix: 'msg_01',
  toolUsePrefix: 'toolu_01',
  isPadded: true,
  preamble: '',
  responseModel: (model) => model,
  extraUsage: () => ({}),
};

/** Anthropic's own API: `/v1/messages`, `/v1/messages/count_tokens` and `/v1/models`. */
export const anthropic: Dialect = {
  provider: 'anthropic',
  label: 'Anthropic',
  route({ method, path, header }) {
    if (method === 'POST' && path === '/v1/messages') return { operation: 'messages', model: null };
    if (method === 'POST' && path === '/v1/messages/count_tokens') {
      return { operation: 'count_tokens', model: null };
    }
    if (method !== 'GET' || !/^\/v1\/models(\/|$)/.test(path)) return null;
    // OpenAI's API has the same path, and none of these headers.
    if (!header('anthropic-version') && !header('x-api-key')) return null;
    const model = path.slice('/v1/models/'.length);
    return { operation: 'models', model: model === '' ? null : decodeURIComponent(model) };
  },
  requestId: (ids) => ids.next('req_011C'),
  checkCredential,
  promptKey: (call) => `${call.header('anthropic-version')}`,
  readPrompt: readAnthropicPrompt,
  sign: signThinking,
  answerHeaders,
  errorAnswer: (failure, { requestId }) => shapedError(failure, { requestId, own: 'anthropic' }),
  limitFailure({ what, limit, retryAfterMs }) {
    const rate = `${limit.toLocaleString('en-US')} ${what.replace('-', ' ')} per minute`;
    return {
      status: 429,
      message: `This request would exceed your organization's rate limit of ${rate}. For details, refer to: https://docs.claude.com/en/api/rate-limits. You can see the response headers for current usage. Please reduce the prompt length or the maximum tokens requested, or try again later.`,
      retryAfterSeconds: Math.ceil(retryAfterMs / 1_000),
    };
  },
  encodeStream: (answer) => encodeStream(answer, STYLE),
  encodeMessage: (answer) => encodeMessage(answer, STYLE),
  innerError: innerAnthropicError,
  countTokens: ({ inputTokens }) => JSON.stringify({ input_tokens: inputTokens }),
  models({ route, query }) {
    return route.model === null
      ? listModels(new URLSearchParams(query))
      : retrieveModel(route.model);
  },
};

function checkCredential(call: Call): void {
  const key = call.header('x-api-key');
  const token = bearerToken(call);
  if (!key && !token) {
    throw new ApiFailure({ status: 401, message: 'x-api-key header is required' });
  }
  if (key === INVALID_CREDENTIAL)
    throw new ApiFailure({ status: 401, message: 'invalid x-api-key' });
  if (token === INVALID_CREDENTIAL) {
    throw new ApiFailure({ status: 401, message: 'Invalid bearer token' });
  }
}

function readAnthropicPrompt(call: Call): Prompt {
  const version = call.header('anthropic-version');
  if (!version) throw invalidRequest('anthropic-version: header is required');
  const body = parseBody(call.body);
  const isMessages = call.route.operation === 'messages';
  const model = textOf(body['model']);
  checkBody(body, {
    operation: isMessages ? 'messages' : 'count_tokens',
    model,
    acceptsField: (name) => name !== 'anthropic_version',
    requiredFields: isMessages ? ['model', 'max_tokens', 'messages'] : ['model', 'messages'],
    isSamplingGone: version >= NEWEST_VERSION,
    hasCacheScope: true,
  });
  if (!isClaudeName(model) || model.includes('@')) throw modelNotFound(model);
  const prompt = readPrompt(body, model);
  if (isMessages) checkContext(body, prompt.inputTokens, model);
  return prompt;
}

function answerHeaders({ requestId, windows, nowMs }: HeaderContext): HeaderPair[] {
  const headers: HeaderPair[] = [
    ['request-id', requestId],
    ['anthropic-organization-id', '00000000-0000-4000-8000-000000000000'],
  ];
  for (const what of LIMITED) {
    const { limit, remaining, resetMs } = windows.state(what, nowMs);
    const name = `anthropic-ratelimit-${what}`;
    headers.push(
      [`${name}-limit`, String(limit)],
      [`${name}-remaining`, String(remaining)],
      [`${name}-reset`, rfc3339(resetMs)],
    );
  }
  const input = windows.state('input-tokens', nowMs);
  const output = windows.state('output-tokens', nowMs);
  headers.push(
    ['anthropic-ratelimit-tokens-limit', String(input.limit + output.limit)],
    ['anthropic-ratelimit-tokens-remaining', String(input.remaining + output.remaining)],
    ['anthropic-ratelimit-tokens-reset', rfc3339(Math.max(input.resetMs, output.resetMs))],
  );
  return headers;
}
