import { invalidRequest } from '../api-failure.ts';
import { checkPairing } from './check-pairing.ts';
import { contentBlocks, isObject, type JsonObject, textOf } from './json.ts';
import type { ModelFacts } from './model-facts.ts';
import { isThinkingSignature } from './signature.ts';

const TOOL_USE_ID = /^[a-zA-Z0-9_-]+$/;
const MESSAGES_MAX = 100_000;

/** Checks the conversation: roles, blocks, and that tool calls and their results belong together. Throws ApiFailure. */
export function checkMessages(messages: unknown, facts: ModelFacts): void {
  if (!Array.isArray(messages)) throw invalidRequest('messages: Input should be a valid array');
  if (messages.length === 0) throw invalidRequest('messages: at least one message is required');
  if (messages.length > MESSAGES_MAX) {
    throw invalidRequest(
      `messages: List should have at most ${MESSAGES_MAX} items after validation`,
    );
  }
  const turns: Turn[] = [];
  for (const [index, message] of messages.entries()) {
    const turn = checkMessage(message, index, facts);
    const isLast = index === messages.length - 1;
    checkNotEmpty(turn, isLast);
    turns.push(turn);
  }
  checkOrder(turns, facts);
  checkPairing(turns.filter(({ role }) => role !== 'system'));
}

/** One message, its content as blocks. */
export interface Turn {
  readonly index: number;
  readonly role: 'user' | 'assistant' | 'system';
  readonly blocks: readonly JsonObject[];
}

function checkMessage(message: unknown, index: number, facts: ModelFacts): Turn {
  const where = `messages.${index}`;
  if (!isObject(message)) throw invalidRequest(`${where}: Input should be an object`);
  const { role, content } = message;
  if (role === undefined) throw invalidRequest(`${where}.role: Field required`);
  if (role !== 'user' && role !== 'assistant' && role !== 'system') {
    throw invalidRequest(
      `messages: Unexpected role "${String(role)}". Allowed roles are "user" or "assistant"`,
    );
  }
  if (role === 'system' && !facts.hasSystemMessages) {
    throw invalidRequest(`role 'system' is not supported on this model`);
  }
  if (content === undefined) throw invalidRequest(`${where}.content: Field required`);
  if (typeof content !== 'string' && !Array.isArray(content)) {
    throw invalidRequest(`${where}.content: Input should be a valid array`);
  }
  const blocks = contentBlocks(content);
  for (const [at, block] of blocks.entries()) checkBlock(block, `${where}.content.${at}`);
  return { index, role, blocks };
}

function checkBlock(block: JsonObject, where: string): void {
  const type = block['type'];
  if (type === undefined) throw invalidRequest(`${where}.type: Field required`);
  if (type === 'tool_use' && !TOOL_USE_ID.test(textOf(block['id']))) {
    throw invalidRequest(
      `${where}.tool_use.id: String should match pattern '${TOOL_USE_ID.source}'`,
    );
  }
  if (type === 'tool_use' && !isObject(block['input'])) {
    throw invalidRequest(`${where}.tool_use.input: Input should be an object`);
  }
  if (type === 'thinking') checkThinkingBlock(block, where);
}

function checkThinkingBlock(block: JsonObject, where: string): void {
  if (block['signature'] === undefined) {
    throw invalidRequest(`${where}.thinking.signature: Field required`);
  }
  if (block['cache_control'] !== undefined) {
    throw invalidRequest(`${where}.thinking.cache_control: Extra inputs are not permitted`);
  }
  if (!isThinkingSignature(textOf(block['signature']), textOf(block['thinking']))) {
    throw invalidRequest(`${where}: Invalid \`signature\` in \`thinking\` block`);
  }
}

function checkNotEmpty({ index, role, blocks }: Turn, isLast: boolean): void {
  // Claude Code's system messages may carry only an output_config.
  if (role === 'system' || (role === 'assistant' && isLast)) return;
  if (blocks.length === 0) {
    throw invalidRequest(
      `messages.${index}: all messages must have non-empty content except for the optional final assistant message`,
    );
  }
  if (blocks.some(({ type, text }) => type === 'text' && text === '')) {
    throw invalidRequest('messages: text content blocks must be non-empty');
  }
}

function checkOrder(turns: readonly Turn[], facts: ModelFacts): void {
  const spoken = turns.filter(({ role }) => role !== 'system');
  if (spoken[0]?.role !== 'user') {
    throw invalidRequest('messages: first message must use the "user" role');
  }
  if (spoken.at(-1)?.role === 'assistant' && !facts.hasPrefill) {
    throw invalidRequest(
      'This model does not support assistant message prefill. The conversation must end with a user message.',
    );
  }
}
