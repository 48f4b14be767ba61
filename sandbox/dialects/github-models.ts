import { ApiFailure, type Failure } from '../api-failure.ts';
import type { Call, Dialect, Route, RouteRequest, WholeAnswer } from '../dialect.ts';
import { chatFacts, isServedChatModel } from '../openai-chat/chat-facts.ts';
import { type ChatRules, OPENAI_FIELDS } from '../openai-chat/chat-rules.ts';
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
import { rateHeaders } from '../openai-chat/rate-headers.ts';
import { readChatPrompt } from '../openai-chat/read-chat-prompt.ts';
import type { Prompt } from '../script/prompt.ts';
import { bearerToken, INVALID_CREDENTIAL } from './credential.ts';
import { listCatalog } from './github-models-catalog.ts';
import { shapedError } from './shaped-error.ts';

const CHAT_PATH = /^(?:(?:\/orgs\/[^/]+)?\/inference|\/models)\/chat\/completions$/;
const SAFE = { filtered: false, severity: 'safe' } as const;
const FILTERS = { hate: SAFE, self_harm: SAFE, sexual: SAFE, violence: SAFE } as const;
const PROMPT_FILTERS = { ...FILTERS, jailbreak: { filtered: false, detected: false } } as const;

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
  firstChunk: {
    choices: [],
    created: 0,
    id: '',
    model: '',
    object: '',
    prompt_filter_results: [{ prompt_index: 0, content_filter_results: PROMPT_FILTERS }],
  },
  completionFields: () => ({ system_fingerprint: null, obfuscation: 'D3WbtIxo1Q2j1Q' }),
  choiceFields: () => ({ content_filter_results: FILTERS, logprobs: null }),
  usage: (answer) => chatUsage(answer),
  innerError: innerOpenaiError,
};

/** Azure AI inference, the wire of GitHub Models: filter results around the chunks, Azure's errors and headers. */
export const githubModels: Dialect = {
  provider: 'github-models',
  label: 'GitHub Models',
  route,
  requestId: (ids) => ids.next('apim-'),
  checkCredential,
  promptKey: () => '',
  readPrompt,
  sign: () => '',
  answerHeaders: (context) => [
    ['apim-request-id', context.requestId],
    ['x-ms-region', 'West Europe'],
    ...rateHeaders(context, (ms) => String(Math.ceil(ms / 1_000))),
    ['x-ratelimit-renewalperiod-requests', '60'],
    ['x-ratelimit-renewalperiod-tokens', '60'],
  ],
  errorAnswer,
  limitFailure({ limit, retryAfterMs }) {
    const seconds = Math.ceil(retryAfterMs / 1_000);
    return {
      status: 429,
      message: `Rate limit of ${limit} per 60s exceeded for UserByModelByMinute. Please wait ${seconds} seconds before retrying.`,
      retryAfterSeconds: seconds,
    };
  },
  encodeStream: (answer) => encodeChatStream(answer, STYLE),
  encodeMessage: (answer) => encodeChatMessage(answer, STYLE),
  innerError: innerOpenaiError,
  countTokens() {
    throw new ApiFailure({ status: 404, message: 'Resource not found' });
  },
  models: listCatalog,
};

function route({ method, path }: RouteRequest): Route | null {
  if (method === 'POST' && CHAT_PATH.test(path)) return { operation: 'messages', model: null };
  return method === 'GET' && path === '/catalog/models'
    ? { operation: 'models', model: null }
    : null;
}

function errorAnswer(failure: Failure, { requestId }: { requestId: string }): WholeAnswer {
  const answer = shapedError(failure, { requestId, own: 'azure' });
  if (failure.retryAfterSeconds == null) return answer;
  // Azure says both, and the second is wrong.
  const seconds = String(failure.retryAfterSeconds);
  const headers = [
    ...answer.headers,
    ['retry-after-ms', '0'] as const,
    ['x-ratelimit-timeremaining', seconds] as const,
  ];
  return { ...answer, headers };
}

function checkCredential(call: Call): void {
  const credential = bearerToken(call) ?? call.header('api-key');
  if (credential && credential !== INVALID_CREDENTIAL) return;
  throw new ApiFailure({
    status: 401,
    message:
      'Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.',
  });
}

function readPrompt(call: Call): Prompt {
  const body = parseChatBody(call.body);
  const model = chatModel(body);
  if (!isServedChatModel(model)) {
    throw new ApiFailure({ status: 404, message: `Unknown model: ${model}` });
  }
  const rules = rulesOf(model, call.path);
  checkChatBody(body, rules);
  const effort = body['reasoning_effort'];
  const thinks = rules.facts.alwaysThinks || (effort != null && effort !== 'none');
  const prompt = readChatPrompt(body, model, {
    maxTokens: maxTokensOf(body, rules),
    thinking: thinks ? (rules.facts.isOpenaiReasoner ? 'omitted' : 'shown') : 'off',
    alwaysTellsUsage: false,
    hasCacheMarks: false,
  });
  checkChatContext(body, prompt.inputTokens, rules);
  return prompt;
}

function rulesOf(model: string, path: string): ChatRules {
  const facts = chatFacts(model);
  return {
    facts,
    acceptsField: (name) => OPENAI_FIELDS.has(name),
    extraFields: new Set(),
    contextOverflow({ inputTokens, maxTokens }) {
      const { contextTokens } = facts;
      if (path.startsWith('/models/')) {
        return badChat(
          `This model's maximum context length is ${contextTokens} tokens. However, you requested ${inputTokens + maxTokens} tokens (${inputTokens} in the messages, ${maxTokens} in the completion). Please reduce the length of the messages or completion.`,
          { param: 'messages', code: 'context_length_exceeded' },
        );
      }
      return new ApiFailure({
        status: 413,
        message: `Request body too large for ${model} model. Max size: ${contextTokens} tokens.`,
      });
    },
  };
}
