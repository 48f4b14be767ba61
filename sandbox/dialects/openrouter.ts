import { ApiFailure } from '../api-failure.ts';
import type { Answer, Call, Dialect } from '../dialect.ts';
import type { AnswerStyle } from '../messages/answer-style.ts';
import { checkBody, checkContext, parseBody } from '../messages/check-body.ts';
import { encodeMessage } from '../messages/encode-message.ts';
import { encodeStream } from '../messages/encode-stream.ts';
import { type JsonObject, textOf } from '../messages/json.ts';
import { readPrompt } from '../messages/read-prompt.ts';
import { signThinking } from '../messages/signature.ts';
import type { Prompt } from '../script/prompt.ts';
import { bearerToken, INVALID_CREDENTIAL } from './credential.ts';
import { shapedError } from './shaped-error.ts';

/** USD per million tokens that the sandbox charges: input and output. */
const PRICES = { haiku: [1, 5], sonnet: [3, 15], opus: [5, 25], fable: [10, 50] } as const;
const OTHER_PRICES = [0.5, 1.5] as const;
const CACHE_READ_FACTOR = 0.1;
const CACHE_WRITE_5M_FACTOR = 1.25;
const CACHE_WRITE_1H_FACTOR = 2;
const MODEL_SLUG = /^[a-z0-9~_-]+\/[a-z0-9._-]+(?::[a-z]+)?$/i;

const STYLE: AnswerStyle = {
  messagePrefix: 'msg_01',
  toolUsePrefix: 'toolu_01',
  isPadded: false,
  preamble: ': OPENROUTER PROCESSING\n\n',
  responseModel: (model) => model,
  extraUsage: costFields,
};

/** OpenRouter's Anthropic-compatible endpoint: any model by its slug, and what the answer cost in its usage. */
export const openrouter: Dialect = {
  provider: 'openrouter',
  label: 'OpenRouter',
  route(method, path) {
    const isMessages = method === 'POST' && path === '/api/v1/messages';
    return isMessages ? { operation: 'messages', model: null } : null;
  },
  requestId: (ids) => ids.next('gen-'),
  checkCredential,
  promptKey: (call) => `${call.header('anthropic-version')}`,
  readPrompt: readOpenrouterPrompt,
  sign: signThinking,
  answerHeaders: ({ requestId }) => [['x-generation-id', requestId]],
  errorAnswer: (failure, { requestId }) => shapedError(failure, { requestId, own: 'openrouter' }),
  limitFailure: ({ retryAfterMs }) => ({
    status: 429,
    message: 'Rate limit exceeded: limit_rpm. High demand for this model. Please retry shortly.',
    retryAfterSeconds: Math.ceil(retryAfterMs / 1_000),
  }),
  encodeStream: (answer) => encodeStream(answer, STYLE),
  encodeMessage: (answer) => encodeMessage(answer, STYLE),
  countTokens() {
    throw new ApiFailure({ status: 404, message: 'Not Found' });
  },
  models() {
    throw new ApiFailure({ status: 404, message: 'Not Found' });
  },
};

function checkCredential(call: Call): void {
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
  if (!MODEL_SLUG.test(model)) {
    throw new ApiFailure({ status: 400, message: `${model} is not a valid model ID` });
  }
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

function costFields(answer: Answer): JsonObject {
  const cost = costUsd(answer);
  const promptCost = costUsd({ ...answer, script: { ...answer.script, outputTokens: 0 } });
  return {
    cost,
    is_byok: false,
    cost_details: {
      upstream_inference_cost: cost,
      upstream_inference_prompt_cost: promptCost,
      upstream_inference_completions_cost: cost - promptCost,
    },
  };
}

function costUsd({ prompt, input, script }: Answer): number {
  const family = Object.keys(PRICES).find((name) => prompt.model.includes(name));
  const [inputPrice, outputPrice] = PRICES[family as keyof typeof PRICES] ?? OTHER_PRICES;
  const inputUnits =
    input.inputTokens +
    input.cacheReadTokens * CACHE_READ_FACTOR +
    input.cacheWrite5mTokens * CACHE_WRITE_5M_FACTOR +
    input.cacheWrite1hTokens * CACHE_WRITE_1H_FACTOR;
  return (inputUnits * inputPrice + script.outputTokens * outputPrice) / 1_000_000;
}
