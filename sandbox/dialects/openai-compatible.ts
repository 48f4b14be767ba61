import { ApiFailure } from '../api-failure.ts';
import type { Call, Dialect, Route, RouteRequest } from '../dialect.ts';
import { isObject, type JsonObject } from '../messages/json.ts';
import { chatFacts, isServedChatModel } from '../openai-chat/chat-facts.ts';
import { type ChatRules, OPENAI_FIELDS, SERVER_FIELDS } from '../openai-chat/chat-rules.ts';
import type { ChatStyle } from '../openai-chat/chat-style.ts';
import { chatUsage } from '../openai-chat/chat-usage.ts';
import {
  chatModel,
  checkChatBody,
  checkChatContext,
  maxTokensOf,
  parseChatBody,
} from '../openai-chat/check-chat-body.ts';
import { encodeChatMessage } from '../openai-chat/encode-chat-message.ts';
import { encodeChatStream } from '../openai-chat/encode-chat-stream.ts';
import { badChat, innerOpenaiError } from '../openai-chat/error-bodies.ts';
import { listChatModels, retrieveChatModel } from '../openai-chat/list-chat-models.ts';
import { openaiDuration, openaiLimitName, rateHeaders } from '../openai-chat/rate-headers.ts';
import { readChatPrompt } from '../openai-chat/read-chat-prompt.ts';
import type { Prompt } from '../script/prompt.ts';
import { bearerToken, INVALID_CREDENTIAL } from './credential.ts';
import { shapedError } from './shaped-error.ts';

const MODELS_PATH = /^(?:\/v1)?\/models(?:\/(.+))?$/;
/** Models whose tools OpenAI serves elsewhere when they are to think. */
const TOOLS_WITHOUT_EFFORT = /^gpt-(?:5\.4-mini|5\.6|6)/;

const STYLE: ChatStyle = {
  completionPrefix: 'chatcmpl-',
  toolCallPrefix: () => 'call_',
  preamble: '',
  keepAlive: ': ping\n\n',
  reasoning: 'reasoning_content',
  quirks: [],
  hasContentInEveryDelta: false,
  repeatsChoiceWithUsage: false,
  hasNullUsage: true,
  firstChunk: null,
  completionFields: () => ({ service_tier: 'default', system_fingerprint: 'fp_sandbox' }),
  choiceFields: () => ({ logprobs: null }),
  usage: (answer) => chatUsage(answer),
  innerError: innerOpenaiError,
};

/** OpenAI's chat completions and list of models, and those of the many servers that copy them. */
export const openaiCompatible: Dialect = {
  provider: 'openai-compatible',
  label: 'an OpenAI-compatible server',
  route,
  requestId: (ids) => ids.next('req_'),
  checkCredential,
  promptKey: () => '',
  readPrompt,
  // Nothing of this wire is signed.
  sign: () => '',
  answerHeaders: (context) => [
    ['x-request-id', context.requestId],
    ['openai-version', '2020-10-01'],
    ...rateHeaders(context, openaiDuration),
  ],
  errorAnswer: (failure, { requestId }) => shapedError(failure, { requestId, own: 'openai' }),
  limitFailure(exceeded) {
    const { limit, retryAfterMs } = exceeded;
    return {
      status: 429,
      message: `Rate limit reached in organization org-sandbox on ${openaiLimitName(exceeded)}: Limit ${limit}. Please try again in ${openaiDuration(retryAfterMs)}. Visit https://platform.openai.com/account/rate-limits to learn more.`,
      type: exceeded.what === 'requests' ? 'requests' : 'tokens',
      code: 'rate_limit_exceeded',
      retryAfterSeconds: Math.ceil(retryAfterMs / 1_000),
    };
  },
  encodeStream: (answer) => encodeChatStream(answer, STYLE),
  encodeMessage: (answer) => encodeChatMessage(answer, STYLE),
  innerError: innerOpenaiError,
  countTokens() {
    throw new ApiFailure({ status: 404, message: 'Not Found' });
  },
  models: ({ route: { model } }) => (model === null ? listChatModels() : retrieveChatModel(model)),
};

function route({ method, path }: RouteRequest): Route | null {
  if (method === 'POST' && /^(?:\/v1)?\/chat\/completions$/.test(path)) {
    return { operation: 'messages', model: null };
  }
  const models = method === 'GET' ? MODELS_PATH.exec(path) : null;
  if (models === null) return null;
  const [, model] = models;
  return { operation: 'models', model: model === undefined ? null : decodeURIComponent(model) };
}

function checkCredential(call: Call): void {
  const token = bearerToken(call);
  if (token === null) {
    throw new ApiFailure({
      status: 401,
      message:
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY). You can obtain an API key from https://platform.openai.com/account/api-keys.",
      code: null,
    });
  }
  if (token === INVALID_CREDENTIAL) {
    throw new ApiFailure({
      status: 401,
      message:
        'Incorrect API key provided: invalid. You can find your API key at https://platform.openai.com/account/api-keys.',
    });
  }
}

function readPrompt(call: Call): Prompt {
  const body = parseChatBody(call.body);
  const model = chatModel(body);
  if (!isServedChatModel(model)) {
    throw new ApiFailure({
      status: 404,
      message: `The model \`${model}\` does not exist or you do not have access to it.`,
    });
  }
  const rules = rulesOf(model);
  checkChatBody(body, rules);
  if (TOOLS_WITHOUT_EFFORT.test(model) && isEffortSet(body) && body['tools'] != null) {
    throw badChat(
      `Function tools with reasoning_effort are not supported for ${model} in /v1/chat/completions. Please use /v1/responses instead.`,
    );
  }
  const prompt = readChatPrompt(body, model, {
    maxTokens: maxTokensOf(body, rules),
    thinking: thinkingOf(body, rules),
    alwaysTellsUsage: false,
    hasCacheMarks: false,
  });
  checkChatContext(body, prompt.inputTokens, rules);
  return prompt;
}

function rulesOf(model: string): ChatRules {
  const facts = chatFacts(model);
  return {
    facts,
    acceptsField: (name) =>
      OPENAI_FIELDS.has(name) || (!facts.isOpenaiReasoner && SERVER_FIELDS.has(name)),
    extraFields: new Set(),
    contextOverflow: ({ inputTokens, maxTokens }) =>
      badChat(
        `This model's maximum context length is ${facts.contextTokens} tokens. However, you requested ${inputTokens + maxTokens} tokens (${inputTokens} in the messages, ${maxTokens} in the completion). Please reduce the length of the messages or completion.`,
        { param: 'messages', code: 'context_length_exceeded' },
      ),
  };
}

function isEffortSet(body: JsonObject): boolean {
  return body['reasoning_effort'] != null && body['reasoning_effort'] !== 'none';
}

function thinkingOf(body: JsonObject, { facts }: ChatRules): Prompt['thinking'] {
  const effort = body['reasoning_effort'];
  if (facts.isOpenaiReasoner) return effort === 'none' ? 'off' : 'omitted';
  const { thinking } = body;
  const isOff = effort === 'none' || (isObject(thinking) && thinking['type'] === 'disabled');
  if (isOff) return 'off';
  const isOn = isEffortSet(body) || (isObject(thinking) && thinking['type'] === 'enabled');
  return isOn || facts.alwaysThinks ? 'shown' : 'off';
}
