import { isObject, type JsonObject } from '../messages/json.ts';
import type { ChatRules } from './chat-rules.ts';
import { checkChatMessages } from './check-chat-messages.ts';
import { checkChatTools } from './check-chat-tools.ts';
import { emptyArray, notSupported, wrongType } from './check-field.ts';
import { checkResponseFormat } from './check-response-format.ts';
import { badChat } from './error-bodies.ts';

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'] as const;
const STOP_SEQUENCES_MAX = 4;

/** Parses a body. Throws ApiFailure. */
export function parseChatBody(bytes: Buffer): JsonObject {
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw badChat(
      'We could not parse the JSON body of your request. (HINT: This likely means you aren’t using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)',
    );
  }
  if (!isObject(body)) throw badChat('The body must be a JSON object.');
  return body;
}

/** The model that a body names. Throws ApiFailure without one. */
export function chatModel(body: JsonObject): string {
  const model = body['model'];
  if (model === undefined || model === '') throw badChat('you must provide a model parameter');
  if (typeof model !== 'string') throw wrongType('model', 'string', model);
  return model;
}

/** Checks a body in the words of OpenAI's API. Throws ApiFailure for the first fault. */
export function checkChatBody(body: JsonObject, rules: ChatRules): void {
  for (const name of Object.keys(body)) {
    if (!rules.acceptsField(name)) {
      throw badChat(`Unrecognized request argument supplied: ${name}`);
    }
  }
  const { messages } = body;
  if (messages === undefined) {
    throw badChat("Missing required parameter: 'messages'.", {
      param: 'messages',
      code: 'missing_required_parameter',
    });
  }
  if (!Array.isArray(messages)) throw wrongType('messages', 'array', messages);
  if (messages.length === 0) throw emptyArray('messages');
  checkNumbers(body, rules);
  checkStream(body);
  checkStop(body['stop']);
  checkResponseFormat(body['response_format']);
  const effort = body['reasoning_effort'];
  if (effort != null && !EFFORTS.some((one) => one === effort)) {
    throw notSupported('reasoning_effort', effort, EFFORTS);
  }
  checkChatTools(body);
  checkChatMessages(messages, rules);
}

/** The output limit that a body sets; the model's own without one. */
export function maxTokensOf(body: JsonObject, { facts }: ChatRules): number {
  return Number(body['max_completion_tokens'] ?? body['max_tokens'] ?? facts.maxOutputTokens);
}

/** Throws ApiFailure when a prompt and what it asks for are longer than the context. */
export function checkChatContext(body: JsonObject, inputTokens: number, rules: ChatRules): void {
  const { contextTokens } = rules.facts;
  // A limit that nobody set shrinks by itself.
  const isSet = body['max_completion_tokens'] != null || body['max_tokens'] != null;
  const maxTokens = isSet ? maxTokensOf(body, rules) : 0;
  if (inputTokens + maxTokens > contextTokens) {
    throw rules.contextOverflow({ inputTokens, maxTokens });
  }
}

function checkNumbers(body: JsonObject, { facts }: ChatRules): void {
  if (facts.isOpenaiReasoner) checkReasoner(body);
  for (const name of ['max_tokens', 'max_completion_tokens']) {
    const value = body[name];
    if (value == null) continue;
    if (!Number.isInteger(value)) throw wrongType(name, 'integer', value);
    if (Number(value) < 1) {
      throw badChat(
        `Invalid '${name}': integer below minimum value. Expected a value >= 1, but got ${value} instead.`,
        { param: name, code: 'integer_below_min_value' },
      );
    }
    if (Number(value) > facts.maxOutputTokens) {
      throw badChat(
        `max_tokens is too large: ${value}. This model supports at most ${facts.maxOutputTokens} completion tokens, whereas you provided ${value}.`,
        { param: name, code: 'invalid_value' },
      );
    }
  }
  for (const [name, largest] of [
    ['temperature', 2],
    ['top_p', 1],
  ] as const) {
    const value = body[name];
    if (value == null) continue;
    if (typeof value !== 'number') throw wrongType(name, 'number', value);
    if (value < 0 || value > largest) {
      throw badChat(
        `Invalid '${name}': decimal above maximum value. Expected a value <= ${largest}, but got ${value} instead.`,
        { param: name, code: 'decimal_above_max_value' },
      );
    }
  }
}

function checkReasoner(body: JsonObject): void {
  if (body['max_tokens'] != null) {
    throw badChat(
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      { param: 'max_tokens', code: 'unsupported_parameter' },
    );
  }
  for (const name of ['temperature', 'top_p']) {
    const value = body[name];
    if (value == null || value === 1) continue;
    throw badChat(
      `Unsupported value: '${name}' does not support ${String(value)} with this model. Only the default (1) value is supported.`,
      { param: name, code: 'unsupported_value' },
    );
  }
}

function checkStream(body: JsonObject): void {
  const { stream, stream_options: options } = body;
  if (stream != null && typeof stream !== 'boolean') throw wrongType('stream', 'boolean', stream);
  if (options == null) return;
  if (!isObject(options)) throw wrongType('stream_options', 'object', options);
  if (stream !== true) {
    throw badChat("The 'stream_options' parameter is only allowed when 'stream' is enabled.", {
      param: 'stream_options',
    });
  }
}

function checkStop(stop: unknown): void {
  if (stop == null || typeof stop === 'string') return;
  if (!Array.isArray(stop)) throw wrongType('stop', 'array', stop);
  if (stop.length > STOP_SEQUENCES_MAX) {
    throw badChat(
      `Invalid 'stop': array too long. Expected an array with maximum length ${STOP_SEQUENCES_MAX}, but got an array with length ${stop.length} instead.`,
      { param: 'stop', code: 'array_above_max_length' },
    );
  }
}
