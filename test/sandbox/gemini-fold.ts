import { parseEventStream } from '../support/event-parser.ts';
import { type Json, pick } from './chat-fold.ts';

/** A Gemini answer put together. */
export interface FoldedGemini {
  readonly chunks: readonly Json[];
  readonly parts: readonly Json[];
  readonly text: string;
  readonly thoughts: string;
  readonly calls: readonly Json[];
  readonly signatures: readonly string[];
  readonly finish: unknown;
  /** The last value of every count. */
  readonly usage: Json;
}

/** Puts a stream together; throws for an event that is not JSON. */
export function foldGemini(text: string): FoldedGemini {
  return foldChunks(parseEventStream(text).map(({ data }) => JSON.parse(data)));
}

/** Puts chunks together. */
export function foldChunks(chunks: readonly Json[]): FoldedGemini {
  const parts = chunks.flatMap(
    (chunk) => (pick(chunk, 'candidates', 0, 'content', 'parts') ?? []) as Json[],
  );
  const texts = parts.filter((part) => typeof part['text'] === 'string');
  const join = (some: readonly Json[]): string => some.map((part) => part['text']).join('');
  return {
    chunks,
    parts,
    text: join(texts.filter((part) => part['thought'] !== true)),
    thoughts: join(texts.filter((part) => part['thought'] === true)),
    calls: parts.map((part) => part['functionCall'] as Json).filter(Boolean),
    signatures: parts.map((part) => String(part['thoughtSignature'] ?? '')).filter(Boolean),
    finish: pick(chunks.at(-1), 'candidates', 0, 'finishReason'),
    usage: Object.assign({}, ...chunks.map((chunk) => chunk['usageMetadata'] ?? {})),
  };
}

/** A function declaration. */
export function geminiTool(name: string, parameters?: unknown): Json {
  return {
    functionDeclarations: [{ name, description: 'runs', ...(parameters ? { parameters } : {}) }],
  };
}

/** A user's content. */
export const user = (...parts: Json[]): Json => ({ role: 'user', parts });
/** A model's content. */
export const model = (...parts: Json[]): Json => ({ role: 'model', parts });
/** A call. */
export const functionCall = (name: string, more: Json = {}): Json => ({
  functionCall: { name, args: {} },
  ...more,
});
/** Its response. */
export const functionResponse = (name: string, output = 'hi'): Json => ({
  functionResponse: { name, response: { output } },
});
