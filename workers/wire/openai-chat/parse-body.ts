import { parseExactJson } from '../../exact-json.ts';
import { isJsonObject, type JsonObject, parseJson } from '../../json.ts';
import { hasInlineInput } from './chunk.ts';

const DONE = '[DONE]';

/** Parses a chunk or an answer; undefined when the text is no JSON. Tool inputs written as JSON keep their digits. */
export function parseBody(text: string): unknown {
  const body = parseJson(text);
  return isJsonObject(body) && hasInlineInput(body) ? parseExactJson(text) : body;
}

/**
 * Parses text that holds one JSON object per line, and maybe `[DONE]`; null when any line is something else. A list of
 * objects (an error in an array) is such text too.
 */
export function parseBodies(text: string): readonly (JsonObject | typeof DONE)[] | null {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const bodies: (JsonObject | typeof DONE)[] = [];
  for (const line of lines) {
    if (line.trim() === DONE) bodies.push(DONE);
    else {
      const body = parseBody(line);
      if (!isJsonObject(body)) return listed(text);
      bodies.push(body);
    }
  }
  return bodies;
}

/** True for text that means to be JSON. */
export function looksLikeJson(text: string): boolean {
  return /^\s*[[{]/.test(text);
}

function listed(text: string): readonly JsonObject[] | null {
  const list = parseJson(text);
  return Array.isArray(list) && list.length > 0 && list.every(isJsonObject) ? list : null;
}
