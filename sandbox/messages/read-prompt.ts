import type { Prompt } from '../script/prompt.ts';
import { arrayOf, contentBlocks, isObject, type JsonObject, objectsOf, textOf } from './json.ts';
import { promptParts } from './prompt-parts.ts';

/** The text that Claude Code adds to the user's: it is not echoed and holds no directives. */
const REMINDER = /^\s*<system-reminder>/;

/** Reads what the sandbox cares for out of a body that was checked. */
export function readPrompt(body: JsonObject, model: string): Prompt {
  const { parts, inputTokens } = promptParts(body);
  const lastTurn = lastUserBlocks(body['messages']);
  return {
    model,
    isStream: body['stream'] === true,
    maxTokens: Number(body['max_tokens'] ?? 0),
    userText: lastTurn
      .filter(({ type, text }) => type === 'text' && !REMINDER.test(textOf(text)))
      .map(({ text }) => textOf(text))
      .join('\n'),
    toolResults: lastTurn.filter(({ type }) => type === 'tool_result').map(resultText),
    toolNames: objectsOf(body['tools']).map(({ name }) => textOf(name)),
    thinking: thinkingOf(body['thinking']),
    stopSequences: arrayOf(body['stop_sequences']).map(textOf),
    jsonSchema: jsonSchemaOf(body),
    conversation: isObject(body['metadata']) ? textOf(body['metadata']['user_id']) : '',
    answerCount: objectsOf(body['messages']).filter(({ role }) => role === 'assistant').length,
    inputTokens,
    parts,
    isCacheAutomatic: false,
    wantsUsage: true,
  };
}

function lastUserBlocks(messages: unknown): readonly JsonObject[] {
  const spoken = objectsOf(messages).filter(({ role }) => role !== 'system');
  const firstOfLast = spoken.findLastIndex(({ role }) => role === 'assistant') + 1;
  return spoken.slice(firstOfLast).flatMap(({ content }) => contentBlocks(content));
}

function resultText(result: JsonObject): string {
  return contentBlocks(result['content'])
    .map(({ type, text, tool_name: tool }) => {
      if (type === 'text') return textOf(text);
      return tool === undefined ? `[${textOf(type)}]` : `[${textOf(type)} ${textOf(tool)}]`;
    })
    .join('\n');
}

function thinkingOf(thinking: unknown): Prompt['thinking'] {
  if (!isObject(thinking)) return 'off';
  const { type, display } = thinking;
  if (type !== 'adaptive' && type !== 'enabled') return 'off';
  return display === 'omitted' ? 'omitted' : 'shown';
}

function jsonSchemaOf(body: JsonObject): unknown {
  const config = isObject(body['output_config']) ? body['output_config'] : {};
  const format = config['format'] ?? body['output_format'];
  return isObject(format) && format['type'] === 'json_schema' ? (format['schema'] ?? {}) : null;
}
