import { parseExactJson } from '../../exact-json.ts';
import { isJsonObject, type JsonObject, objectField, parseJson, textField } from '../../json.ts';

/** One GenerateContentResponse: a chunk of a stream, or a whole answer. */
export interface GeminiChunk {
  /** Parts of the first candidate; the numbers in them keep their spelling. */
  readonly parts: readonly JsonObject[];
  readonly finishReason: string | null;
  readonly finishMessage: string | null;
  readonly blockReason: string | null;
  readonly blockReasonMessage: string | null;
  readonly usage: JsonObject | null;
  readonly modelVersion: string | null;
  /** True when the object is an error, not an answer. */
  readonly isError: boolean;
  /** False when nothing of an answer is in it. */
  readonly isAnswer: boolean;
  /** The object as it came. */
  readonly json: JsonObject;
}

/** Only arguments of calls hold numbers that must not be respelled, and few chunks have any. */
const CALL_MARK = '"functionCall"';
const NO_PARTS: readonly JsonObject[] = [];

/** Reads one JSON text, an object or an array of them; null when it is neither. */
export function parseChunks(text: string): readonly GeminiChunk[] | null {
  const plain = objectsOf(parseJson(text));
  if (plain === null) return null;
  const exact = text.includes(CALL_MARK) ? exactObjects(text) : plain;
  if (exact === null) return null;
  return plain.map((json, index) => readChunk(json, exact[index] ?? json));
}

// JSON that is nested without end can be parsed plainly only.
function exactObjects(text: string): readonly JsonObject[] | null {
  try {
    return objectsOf(parseExactJson(text));
  } catch {
    return null; // the caller says what was wrong
  }
}

function objectsOf(parsed: unknown): readonly JsonObject[] | null {
  if (Array.isArray(parsed)) return parsed.filter(isJsonObject);
  return isJsonObject(parsed) ? [parsed] : null;
}

function readChunk(json: JsonObject, exact: JsonObject): GeminiChunk {
  const candidate = firstCandidate(json);
  const feedback = objectField(json, 'promptFeedback');
  return {
    parts: partsOf(exact === json ? candidate : firstCandidate(exact)),
    finishReason: candidate === null ? null : reasonField(candidate, 'finishReason'),
    finishMessage: candidate === null ? null : textField(candidate, 'finishMessage'),
    blockReason: reasonField(feedback, 'blockReason'),
    blockReasonMessage: textField(feedback, 'blockReasonMessage'),
    usage: isJsonObject(json.usageMetadata) ? json.usageMetadata : null,
    modelVersion: textField(json, 'modelVersion'),
    isError: 'error' in json,
    isAnswer: 'candidates' in json || 'promptFeedback' in json,
    json,
  };
}

// One was asked for: a second one has nowhere to go.
function firstCandidate({ candidates }: JsonObject): JsonObject | null {
  if (!Array.isArray(candidates)) return null;
  return candidates.filter(isJsonObject).find(({ index }) => (index ?? 0) === 0) ?? null;
}

function partsOf(candidate: JsonObject | null): readonly JsonObject[] {
  const { content } = candidate ?? {};
  const parts = isJsonObject(content) ? content.parts : undefined;
  return Array.isArray(parts) ? parts.filter(isJsonObject) : NO_PARTS;
}

// The zero value of Google's enums says that nothing was said.
function reasonField(object: JsonObject, name: string): string | null {
  const reason = textField(object, name);
  return reason === null || reason.endsWith('_UNSPECIFIED') ? null : reason;
}
