import { hash } from 'node:crypto';
import { arrayOf, isObject, type JsonObject, objectsOf, textOf } from '../messages/json.ts';
import type { Prompt, PromptPart } from '../script/prompt.ts';
import { withoutReminders } from '../script/reminders.ts';
import type { GeminiFacts } from './gemini-facts.ts';

const CHARACTERS_PER_TOKEN = 4;
const BINARY_TOKENS = 258;
const CACHE_TTL_MS = 300_000;

/** What the dialect knows beside the body. */
export interface GeminiReading {
  readonly model: string;
  readonly isStream: boolean;
  readonly maxTokens: number;
  readonly facts: GeminiFacts;
}

/** Reads what the sandbox cares for out of a body that was checked. */
export function readGeminiPrompt(body: JsonObject, reading: GeminiReading): Prompt {
  const contents = objectsOf(body['contents']);
  const answered = contents.findLastIndex(({ role }) => role === 'model');
  const lastParts = contents.slice(answered + 1).flatMap(({ parts }) => objectsOf(parts));
  const config = isObject(body['generationConfig']) ? body['generationConfig'] : {};
  const parts = promptParts(body, contents);
  return {
    model: reading.model,
    isStream: reading.isStream,
    maxTokens: reading.maxTokens,
    userText: lastParts
      .map((part) => withoutReminders(textOf(part['text'])))
      .filter((text) => text !== '')
      .join('\n'),
    toolResults: lastParts.flatMap((part) =>
      isObject(part['functionResponse']) ? [responseText(part['functionResponse'])] : [],
    ),
    toolNames: objectsOf(body['tools'])
      .flatMap((tool) => objectsOf(tool['functionDeclarations']))
      .map(({ name }) => textOf(name)),
    thinking: thinkingOf(config['thinkingConfig'], reading.facts),
    stopSequences: arrayOf(config['stopSequences']).map(textOf),
    jsonSchema: jsonSchemaOf(config),
    conversation: '',
    answerCount: contents.filter(({ role }) => role === 'model').length,
    inputTokens: parts.at(-1)?.tokensUpTo ?? 0,
    parts,
    isCacheAutomatic: true,
    wantsUsage: true,
  };
}

function responseText({ response, parts }: JsonObject): string {
  const given = isObject(response) ? response : {};
  const text = given['output'] ?? given['error'] ?? given['result'] ?? given['content'] ?? given;
  const shown = typeof text === 'string' ? text : JSON.stringify(text);
  return [shown, ...objectsOf(parts).map(() => '[image]')].join('\n');
}

function thinkingOf(thinking: unknown, { thinkingBudget }: GeminiFacts): Prompt['thinking'] {
  if (thinkingBudget === null) return 'off';
  const {
    includeThoughts,
    thinkingBudget: budget,
    thinkingLevel: level,
  } = isObject(thinking) ? thinking : {};
  if (budget === 0 || level === 'MINIMAL') return 'off';
  return includeThoughts === true ? 'shown' : 'omitted';
}

function jsonSchemaOf(config: JsonObject): unknown {
  if (config['responseMimeType'] !== 'application/json') return null;
  return config['responseJsonSchema'] ?? lowerTypes(config['responseSchema'] ?? { type: 'object' });
}

// Google writes the types of its own schemas in capitals.
function lowerTypes(schema: unknown): unknown {
  return JSON.parse(
    JSON.stringify(schema, (name, value: unknown) =>
      name === 'type' && typeof value === 'string' ? value.toLowerCase() : value,
    ),
  );
}

// What comes before the conversation is the first part, then each content; the cache keeps whole prompts.
function promptParts(body: JsonObject, contents: readonly JsonObject[]): PromptPart[] {
  const head = { system: body['systemInstruction'], tools: body['tools'] };
  const pieces: readonly unknown[] = [head, ...contents];
  let tokensUpTo = 0;
  let digest = '';
  return pieces.map((piece, index) => {
    const text = JSON.stringify(piece, withoutBinary);
    tokensUpTo += Math.ceil(text.length / CHARACTERS_PER_TOKEN);
    tokensUpTo += binaryParts(piece) * BINARY_TOKENS;
    digest = hash('sha256', digest + JSON.stringify(piece));
    return { digest, tokensUpTo, cacheTtlMs: index === pieces.length - 1 ? CACHE_TTL_MS : 0 };
  });
}

function withoutBinary(name: string, value: unknown): unknown {
  return name === 'data' || name === 'thoughtSignature' ? '' : value;
}

function binaryParts(piece: unknown): number {
  if (!isObject(piece)) return 0;
  return objectsOf(piece['parts']).filter((part) => isObject(part['inlineData'])).length;
}
