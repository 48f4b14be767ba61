import { ApiFailure, type Failure } from '../api-failure.ts';
import type { Call, Dialect } from '../dialect.ts';
import type { AnswerStyle } from '../messages/answer-style.ts';
import { checkBody, checkContext, parseBody } from '../messages/check-body.ts';
import { encodeMessage } from '../messages/encode-message.ts';
import { encodeStream } from '../messages/encode-stream.ts';
import { innerAnthropicError } from '../messages/error-words.ts';
import { textOf } from '../messages/json.ts';
import { readPrompt } from '../messages/read-prompt.ts';
import { signThinking } from '../messages/signature.ts';
import type { LimitExceeded } from '../rate-windows.ts';
import type { Prompt } from '../script/prompt.ts';
import { bearerToken, INVALID_CREDENTIAL } from './credential.ts';
import { openrouterCost } from './openrouter-cost.ts';
import { checkOpenrouterModel } from './openrouter-models.ts';
import { shapedError } from './shaped-error.ts';

const STYLE: AnswerStyle = {
  messagePrefix: 'msg_01',
  toolUsePrefix: 'toolu_01',
  isPadded: false,
  preamble: ': OPENROUTER PROCESSING\n\n',
  responseModel: (model) => model,
  extraUsage: openrouterCost,
};

/** OpenRouter's Anthropic-compatible endpoint: any model by its slug, and what the answer cost in its usage. */
export const openrouter: Dialect = {
  provider: 'openrouter',
  label: 'OpenRouter',
  route({ method, path }) {
    const isMessages = method === 'POST' && path === '/api/v1/messages';
    return isMessages ? { operation: 'messages', model: null } : null;
  },
  requestId: (ids) => ids.next('gen-'),
  checkCredential: checkOpenrouterCredential,
  promptKey: (call) => `${call.header('anthropic-version')}`,
  readPrompt: readOpenrouterPrompt,
  sign: signThinking,
  answerHeaders: ({ requestId }) => [['x-generation-id', requestId]],
  errorAnswer: (failure, { requestId }) => shapedError(failure, { requestId, own: 'openrouter' }),
  limitFailure: openrouterLimitFailure,
  encodeStream: (answer) => encodeStream(answer, STYLE),
  encodeMessage: (answer) => encodeMessage(answer, STYLE),
  innerError: innerAnthropicError,
  countTokens() {
    throw new ApiFailure({ status: 404, message: 'Not Found' });
  },
  models() {
    throw new ApiFailure({ status: 404, message: 'Not Found' });
  },
};

/** The refusal of a request over a rate limit. */
export function openrouterLimitFailure({ retryAfterMs }: LimitExceeded): Failure {
  return {
    status: 429,
    message: 'Rate limit exceeded: limit_rpm. High demand for this model. Please retry shortly.',
    retryAfterSeconds: Math.ceil(retryAfterMs / 1_000),
  };
}

/** Throws ApiFailure unless the call brings a key. */
export function checkOpenrouterCredential(call: Call): void {
  const token = bearerToken(call);
  if (token === null) {
    throw new ApiFailure({ status: 401, message: 'Missing Authentication header' });
  }
  if (token === INVALID_CREDENTIAL) {
    throw new ApiFailure({ status: 401, message: 'User not found.' });
  }
}

function readOpenrouterPrompt(call: Call): Prompt {
  const body = parseBody(call.body);
  const model = textOf(body['model']);
  checkOpenrouterModel(model);
  checkBody(body, {
    operation: 'messages',
    model,
    acceptsField: () => true,
    requiredFields: ['model', 'max_tokens', 'messages'],
    isSamplingGone: (call.header('anthropic-version') ?? '') >= '2026-10-21',
    hasCacheScope: true,
  });
  const prompt = readPrompt(body, model);
  checkContext(body, prompt.inputTokens, model);
  return prompt;
}
