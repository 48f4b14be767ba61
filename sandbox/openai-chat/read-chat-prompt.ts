import { hash } from 'node:crypto';
import {
  arrayOf,
  contentBlocks,
  isObject,
  type JsonObject,
  objectsOf,
  textOf,
} from '../messages/json.ts';
import type { Prompt, PromptPart } from '../script/prompt.ts';
import { withoutReminders } from '../script/reminders.ts';

const CHARACTERS_PER_TOKEN = 4;
const BINARY_TOKENS = 800;
/** Tokens around every message. */
const MESSAGE_TOKENS = 3;
const CACHE_TTL_MS = 300_000;
const LONG_CACHE_TTL_MS = 3_600_000;

/** What the dialect knows beside the body. */
export interface ChatReading {
  readonly maxTokens: number;
  readonly thinking: Prompt['thinking'];
  /** True when the stream tells its usage in any case. */
  readonly alwaysTellsUsage: boolean;
  /** True when only marked parts are cached, and filling the cache costs extra. */
  readonly hasCacheMarks: boolean;
}

/** Reads what the sandbox cares for out of a body that was checked. */
export function readChatPrompt(body: JsonObject, model: string, reading: ChatReading): Prompt {
  const messages = objectsOf(body['messages']);
  const lastTurn = messages.slice(messages.findLastIndex(({ role }) => role === 'assistant') + 1);
  const parts = promptParts(body, reading.hasCacheMarks);
  const options = isObject(body['stream_options']) ? body['stream_options'] : {};
  const stop = body['stop'];
  return {
    model,
    isStream: body['stream'] === true,
    maxTokens: reading.maxTokens,
    userText: lastTurn
      .filter(({ role }) => role === 'user')
      .map(({ content }) => withoutReminders(textContent(content, '')))
      .filter((text) => text !== '')
      .join('\n'),
    toolResults: lastTurn
      .filter(({ role }) => role === 'tool')
      .map(({ content }) => textContent(content, 'marked')),
    toolNames: objectsOf(body['tools']).map((tool) =>
      isObject(tool['function']) ? textOf(tool['function']['name']) : '',
    ),
    thinking: reading.thinking,
    stopSequences: typeof stop === 'string' ? [stop] : arrayOf(stop).map(textOf),
    jsonSchema: jsonSchemaOf(body['response_format']),
    conversation: conversationOf(body),
    answerCount: messages.filter(({ role }) => role === 'assistant').length,
    inputTokens: parts.at(-1)?.tokensUpTo ?? 0,
    parts,
    isCacheAutomatic: !reading.hasCacheMarks,
    wantsUsage: reading.alwaysTellsUsage || options['include_usage'] === true,
  };
}

function textContent(content: unknown, others: '' | 'marked'): string {
  return contentBlocks(content)
    .map(({ type, text }) => (type === 'text' ? textOf(text) : others && `[${textOf(type)}]`))
    .filter((text) => text !== '')
    .join('\n');
}

function conversationOf(body: JsonObject): string {
  const names = ['session_id', 'prompt_cache_key', 'safety_identifier', 'user'];
  return names.map((name) => textOf(body[name])).find((value) => value !== '') ?? '';
}

function jsonSchemaOf(format: unknown): unknown {
  if (!isObject(format)) return null;
  if (format['type'] === 'json_object') return { type: 'object' };
  if (format['type'] !== 'json_schema') return null;
  return isObject(format['json_schema']) ? (format['json_schema']['schema'] ?? {}) : {};
}

// The tools are the first part, then comes each message. Whoever caches by itself keeps the whole prompt.
function promptParts(body: JsonObject, hasCacheMarks: boolean): PromptPart[] {
  const pieces: readonly unknown[] = [arrayOf(body['tools']), ...arrayOf(body['messages'])];
  let tokensUpTo = 0;
  let digest = '';
  return pieces.map((piece, index) => {
    const text = JSON.stringify(piece, withoutBinary);
    tokensUpTo += Math.ceil(text.length / CHARACTERS_PER_TOKEN) + MESSAGE_TOKENS;
    tokensUpTo += binaryParts(piece) * BINARY_TOKENS;
    digest = hash('sha256', digest + JSON.stringify(piece, withoutMarks));
    const isLast = index === pieces.length - 1;
    const automatic = isLast ? CACHE_TTL_MS : 0;
    return { digest, tokensUpTo, cacheTtlMs: hasCacheMarks ? markedTtlMs(piece) : automatic };
  });
}

function withoutBinary(_name: string, value: unknown): unknown {
  return typeof value === 'string' && value.startsWith('data:') ? '' : value;
}

function withoutMarks(name: string, value: unknown): unknown {
  return name === 'cache_control' ? undefined : value;
}

function binaryParts(piece: unknown): number {
  if (!isObject(piece)) return 0;
  return objectsOf(piece['content']).filter(({ type }) => type === 'image_url' || type === 'file')
    .length;
}

function markedTtlMs(piece: unknown): number {
  const blocks = isObject(piece) ? [piece, ...objectsOf(piece['content'])] : objectsOf(piece);
  const mark = blocks.map((block) => block['cache_control']).find(isObject);
  if (mark === undefined) return 0;
  return mark['ttl'] === '1h' ? LONG_CACHE_TTL_MS : CACHE_TTL_MS;
}
