import { isObject, type JsonObject, objectsOf, textOf } from '../messages/json.ts';
import type { ChatRules } from './chat-rules.ts';
import { checkChatContent } from './check-chat-content.ts';
import { checkFunctionName } from './check-chat-tools.ts';
import {
  checkString,
  emptyArray,
  notSupported,
  tooLong,
  unknownParameter,
  wrongType,
} from './check-field.ts';
import { badChat } from './error-bodies.ts';

const ROLES = ['system', 'assistant', 'user', 'function', 'tool', 'developer'] as const;
const CALL_ID_LENGTH_MAX = 40;
const FIELDS: ReadonlySet<string> = new Set([
  'audio',
  'content',
  'function_call',
  'name',
  'reasoning',
  'reasoning_content',
  'refusal',
  'role',
  'tool_call_id',
  'tool_calls',
]);

/**
 * Checks the conversation: roles, contents, and that every tool call is answered by one tool message right behind it,
 * and every tool message answers a call. Throws ApiFailure.
 */
export function checkChatMessages(messages: readonly unknown[], rules: ChatRules): void {
  let open: readonly string[] = [];
  let answered = new Set<string>();
  let calledAt = 0;
  for (const [index, message] of messages.entries()) {
    const where = `messages[${index}]`;
    if (!isObject(message)) throw wrongType(where, 'object', message);
    checkMessage(message, where, rules);
    if (message['role'] === 'tool') {
      checkAnswer(message, { where, open });
      answered.add(textOf(message['tool_call_id']));
      continue;
    }
    checkAllAnswered(open, answered, calledAt);
    open = objectsOf(message['tool_calls']).map(({ id }) => textOf(id));
    answered = new Set();
    calledAt = index;
  }
  checkAllAnswered(open, answered, calledAt);
}

function checkMessage(message: JsonObject, where: string, rules: ChatRules): void {
  const { role } = message;
  if (!ROLES.some((one) => one === role)) throw notSupported(`${where}.role`, role, ROLES);
  for (const name of Object.keys(message)) {
    if (FIELDS.has(name) || rules.extraFields.has(name)) continue;
    throw unknownParameter(`${where}.${name}`);
  }
  const calls = message['tool_calls'];
  if (calls != null) checkCalls(calls, `${where}.tool_calls`);
  checkChatContent(message, where, rules);
}

function checkCalls(calls: unknown, where: string): void {
  if (!Array.isArray(calls)) throw wrongType(where, 'array', calls);
  if (calls.length === 0) throw emptyArray(where);
  for (const [index, call] of calls.entries()) {
    const at = `${where}[${index}]`;
    if (!isObject(call)) throw wrongType(at, 'object', call);
    checkString(call['id'], `${at}.id`);
    if (call['id'].length > CALL_ID_LENGTH_MAX) {
      throw tooLong(`${at}.id`, CALL_ID_LENGTH_MAX, call['id'].length);
    }
    if (call['type'] !== 'function') {
      throw notSupported(`${at}.type`, call['type'], ['function', 'custom']);
    }
    const called = isObject(call['function']) ? call['function'] : {};
    checkFunctionName(called['name'], `${at}.function.name`);
    checkString(called['arguments'], `${at}.function.arguments`);
    if (!isJsonObject(called['arguments'])) {
      throw badChat(
        `Invalid '${at}.function.arguments': the arguments of a call must be a JSON object.`,
        { param: `${at}.function.arguments`, code: 'invalid_value' },
      );
    }
  }
}

function checkAnswer(
  message: JsonObject,
  { where, open }: { where: string; open: readonly string[] },
): void {
  if (open.length === 0) {
    throw badChat(
      "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
      { param: `${where}.role` },
    );
  }
  const id = message['tool_call_id'];
  if (id === undefined) {
    throw badChat(`Missing required parameter: '${where}.tool_call_id'.`, {
      param: `${where}.tool_call_id`,
      code: 'missing_required_parameter',
    });
  }
  checkString(id, `${where}.tool_call_id`);
  if (open.includes(id)) return;
  throw badChat(
    `Invalid parameter: 'tool_call_id' of '${id}' not found in 'tool_calls' of previous message.`,
    { param: `${where}.tool_call_id` },
  );
}

function checkAllAnswered(
  open: readonly string[],
  answered: ReadonlySet<string>,
  calledAt: number,
): void {
  const missing = open.filter((id) => !answered.has(id));
  if (missing.length === 0) return;
  throw badChat(
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${missing.join(', ')}`,
    { param: `messages.[${calledAt + 1}].role` },
  );
}

function isJsonObject(text: string): boolean {
  try {
    return isObject(JSON.parse(text));
  } catch {
    return false;
  }
}
