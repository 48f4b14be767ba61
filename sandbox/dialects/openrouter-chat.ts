import { ApiFailure } from '../api-failure.ts';
import type { Call, Dialect, Route, RouteRequest } from '../dialect.ts';
import { isObject, type JsonObject, objectsOf, textOf } from '../messages/json.ts';
import { isThinkingSignature, signThinking } from '../messages/signature.ts';
import { chatFacts } from '../openai-chat/chat-facts.ts';
import type { ChatRules } from '../openai-chat/chat-rules.ts';
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
import { badChat, statusOfErrorType } from '../openai-chat/error-bodies.ts';
import { readChatPrompt } from '../openai-chat/read-chat-prompt.ts';
import type { Prompt } from '../script/prompt.ts';
import { checkOpenrouterCredential, openrouterLimitFailure } from './openrouter.ts';
import { openrouterCost } from './openrouter-cost.ts';
import { checkOpenrouterModel, listOpenrouterModels } from './openrouter-models.ts';
import { shapedError } from './shaped-error.ts';

const PROCESSING = ': OPENROUTER PROCESSING\n\n';
const NATIVE_FINISH: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
};

const STYLE: ChatStyle = {
  completionPrefix: 'gen-',
  toolCallPrefix: (model) => (model.includes('claude') ? 'toolu_bdrk_01' : 'call_'),
  preamble: PROCESSING.repeat(2),
  keepAlive: PROCESSING,
  reasoning: 'details',
  quirks: ['role-repeated'],
  hasContentInEveryDelta: true,
  repeatsChoiceWithUsage: true,
  hasNullUsage: false,
  firstChunk: null,
  completionFields: ({ prompt }) => ({ provider: providerName(prompt.model) }),
  choiceFields: ({ prompt }, finish) => ({
    native_finish_reason:
      finish !== null && prompt.model.includes('claude')
        ? (NATIVE_FINISH[finish] ?? finish)
        : finish,
  }),
  usage: (answer) => chatUsage(answer, { fields: openrouterCost(answer), hasCacheWrites: true }),
  innerError: (error) => innerError(error.errorType, error.message, true),
};

/** OpenRouter's chat completions and its list of models: any model by its slug. */
export const openrouterChat: Dialect = {
  provider: 'openrouter',
  label: 'OpenRouter',
  route,
  requestId: (ids) => ids.next('gen-'),
  checkCredential: checkOpenrouterCredential,
  promptKey: () => '',
  readPrompt,
  sign: signThinking,
  answerHeaders: ({ requestId }) => [['x-generation-id', requestId]],
  errorAnswer: (failure, { requestId }) => shapedError(failure, { requestId, own: 'openrouter' }),
  limitFailure: openrouterLimitFailure,
  encodeStream: (answer) => encodeChatStream(answer, STYLE),
  encodeMessage: (answer) => encodeChatMessage(answer, STYLE),
  innerError: ({ errorType, message }) => innerError(errorType, message, false),
  countTokens() {
    throw new ApiFailure({ status: 404, message: 'Not Found' });
  },
  models: listOpenrouterModels,
};

function route({ method, path }: RouteRequest): Route | null {
  if (method === 'POST' && path === '/api/v1/chat/completions') {
    return { operation: 'messages', model: null };
  }
  return method === 'GET' && path === '/api/v1/models'
    ? { operation: 'models', model: null }
    : null;
}

function readPrompt(call: Call): Prompt {
  const body = parseChatBody(call.body);
  const model = chatModel(body);
  checkOpenrouterModel(model);
  const rules = rulesOf(model);
  checkChatBody(body, rules);
  checkReasoning(body, model);
  const prompt = readChatPrompt(body, model, {
    maxTokens: maxTokensOf(body, rules),
    thinking: thinkingOf(body, rules),
    alwaysTellsUsage: true,
    hasCacheMarks: true,
  });
  checkChatContext(body, prompt.inputTokens, rules);
  return prompt;
}

function rulesOf(model: string): ChatRules {
  const facts = chatFacts(model);
  return {
    // OpenRouter knows the names that the models behind it want.
    facts: { ...facts, isOpenaiReasoner: false },
    acceptsField: () => true,
    extraFields: new Set(['cache_control', 'reasoning_details']),
    contextOverflow: ({ inputTokens, maxTokens }) =>
      badChat(
        `This endpoint's maximum context length is ${facts.contextTokens} tokens. However, you requested about ${inputTokens + maxTokens} tokens (${inputTokens} of text input, ${maxTokens} in the output). Please reduce the length of either one, or use the context-compression plugin to compress your prompt automatically.`,
        { code: 'context_length_exceeded' },
      ),
  };
}

function thinkingOf(body: JsonObject, { facts }: ChatRules): Prompt['thinking'] {
  const reasoning = isObject(body['reasoning']) ? body['reasoning'] : {};
  const effort = reasoning['effort'] ?? body['reasoning_effort'];
  if (reasoning['exclude'] === true) return 'omitted';
  if (reasoning['enabled'] === false || effort === 'none') return 'off';
  const isAsked =
    reasoning['enabled'] === true || effort != null || reasoning['max_tokens'] != null;
  return isAsked || facts.alwaysThinks ? 'shown' : 'off';
}

function checkReasoning(body: JsonObject, model: string): void {
  const reasoning = isObject(body['reasoning']) ? body['reasoning'] : {};
  if (reasoning['effort'] != null && reasoning['max_tokens'] != null) {
    throw badChat('Only one of "reasoning.effort" and "reasoning.max_tokens" can be specified');
  }
  if (!model.includes('claude')) return;
  for (const [index, message] of objectsOf(body['messages']).entries()) {
    for (const { type, text, signature } of objectsOf(message['reasoning_details'])) {
      if (type !== 'reasoning.text') continue;
      if (isThinkingSignature(textOf(signature), textOf(text))) continue;
      throw new ApiFailure({
        status: 400,
        message: `messages.${index}.content.0: Invalid \`signature\` in \`thinking\` block`,
        isFromModel: true,
      });
    }
  }
}

function innerError(errorType: string, message: string, isChunk: boolean): string {
  const status = statusOfErrorType(errorType);
  const error = { code: status === 529 ? 502 : status, message };
  if (!isChunk) return JSON.stringify({ error });
  const choice = { index: 0, delta: { content: '' }, finish_reason: 'error' };
  return JSON.stringify({
    id: 'gen-sandbox',
    object: 'chat.completion.chunk',
    error,
    choices: [{ ...choice, native_finish_reason: 'error' }],
  });
}

function providerName(model: string): string {
  if (model.includes('claude')) return 'Amazon Bedrock';
  if (model.startsWith('google/')) return 'Google';
  return model.startsWith('openai/') ? 'OpenAI' : 'DeepInfra';
}
