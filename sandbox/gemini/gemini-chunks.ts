import type { StopReason } from '../behaviour.ts';
import { isUsageMissing } from '../damage-usage.ts';
import type { Answer } from '../dialect.ts';
import type { JsonObject } from '../messages/json.ts';
import type { Quirk } from '../quirks.ts';
import { type GeminiPiece, geminiPieces } from './gemini-pieces.ts';
import { geminiUsage, TRAFFIC } from './gemini-usage.ts';

/** Every answer was made at this time: the same requests give the same bytes. */
const CREATE_TIME = '2026-11-22T00:00:00.000000Z';

// Calls do not show in the reason.
const FINISH: Record<StopReason, string> = {
  end_turn: 'STOP',
  max_tokens: 'MAX_TOKENS',
  stop_sequence: 'STOP',
  tool_use: 'STOP',
  pause_turn: 'STOP',
  refusal: 'SAFETY',
  model_context_window_exceeded: 'MAX_TOKENS',
};
const UNSAFE = {
  finishMessage: 'The response violated safety settings.',
  safetyRatings: [
    { category: 'HARM_CATEGORY_DANGEROUS_CONTENT', probability: 'HIGH', blocked: true },
  ],
} as const;

/** A chunk of an answer. */
export interface GeminiChunk {
  readonly fields: JsonObject;
  readonly tokens: number;
}

/** The chunks of a streamed answer; the last has the reason and the counts. */
export function geminiChunks(answer: Answer): readonly GeminiChunk[] {
  const quirks = new Set(answer.behaviour.quirks);
  const tail = tailFields(answer);
  const odd = oddAnswer(answer, quirks);
  if (odd !== null) return [{ fields: { ...odd, ...tail }, tokens: 0 }];
  const pieces = geminiPieces(answer, quirks);
  const last = candidateEnd(answer);
  const noUsage = isUsageMissing(answer.behaviour.fault) || quirks.has('traffic-type-missing');
  const early = noUsage ? {} : { usageMetadata: TRAFFIC };
  if (pieces.length === 0) {
    const candidates = [{ content: { role: 'model' }, ...last }];
    return [{ fields: { candidates, ...usageField(answer, false), ...tail }, tokens: 0 }];
  }
  return pieces.map(({ parts, tokens }, index) => {
    const isLast = index === pieces.length - 1;
    const candidates = [{ content: { role: 'model', parts }, ...(isLast ? last : {}) }];
    const usage = isLast ? usageField(answer, false) : early;
    return { fields: { candidates, ...usage, ...tail }, tokens };
  });
}

/** The whole answer as one object: neighbouring texts of a kind are one part. */
export function geminiWhole(answer: Answer): JsonObject {
  const quirks = new Set(answer.behaviour.quirks);
  const odd = oddAnswer(answer, quirks);
  if (odd !== null) return { ...odd, ...tailFields(answer) };
  const parts = mergedParts(geminiPieces(answer, quirks));
  const content = parts.length === 0 ? { role: 'model' } : { role: 'model', parts };
  return {
    candidates: [{ content, ...candidateEnd(answer) }],
    ...usageField(answer, false),
    ...tailFields(answer),
  };
}

function oddAnswer(answer: Answer, quirks: ReadonlySet<Quirk>): JsonObject | null {
  const usage = usageField(answer, true);
  if (quirks.has('prompt-blocked')) {
    const blockReasonMessage = 'The prompt could not be submitted: it contains prohibited words.';
    return { promptFeedback: { blockReason: 'PROHIBITED_CONTENT', blockReasonMessage }, ...usage };
  }
  if (quirks.has('finish-malformed-call')) {
    const finishMessage = 'Malformed function call: print(default_api.Bash(command=';
    const end = { finishReason: 'MALFORMED_FUNCTION_CALL', finishMessage };
    return { candidates: [{ content: {}, ...end }], ...usage };
  }
  if (quirks.has('content-empty')) {
    return { candidates: [{ content: { role: 'model' }, finishReason: 'STOP' }], ...usage };
  }
  return null;
}

function candidateEnd({ script: { stopReason } }: Answer): JsonObject {
  const finishReason = FINISH[stopReason];
  return { finishReason, ...(finishReason === 'SAFETY' ? UNSAFE : {}) };
}

function usageField(answer: Answer, isBlocked: boolean): JsonObject {
  if (isUsageMissing(answer.behaviour.fault)) return {};
  return { usageMetadata: geminiUsage(answer, isBlocked) };
}

function tailFields({ prompt, ids }: Answer): JsonObject {
  return { modelVersion: prompt.model, createTime: CREATE_TIME, responseId: ids.next('') };
}

function mergedParts(pieces: readonly GeminiPiece[]): readonly JsonObject[] {
  const merged: JsonObject[] = [];
  for (const part of pieces.flatMap(({ parts }) => parts)) {
    const last = merged.at(-1);
    const isMore =
      last !== undefined &&
      typeof part['text'] === 'string' &&
      typeof last['text'] === 'string' &&
      part['thought'] === last['thought'];
    if (isMore)
      merged[merged.length - 1] = { ...last, ...part, text: `${last['text']}${part['text']}` };
    else merged.push(part);
  }
  return merged;
}
