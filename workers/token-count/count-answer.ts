import { GatewayError } from '../../schemas/error.ts';
import { asBuffer, isJsonObject, type JsonObject, numberField, parseJson } from '../json.ts';

/** Reads a native count into Anthropic's answer. Throws GatewayError 502 when the answer holds no count. */
export type CountAnswerReader = (body: Uint8Array) => Buffer;

/** Anthropic's answer to `count_tokens`: `{"input_tokens":N}`. */
export function encodeCountAnswer(inputTokens: number): Buffer {
  return Buffer.from(JSON.stringify({ input_tokens: inputTokens }));
}

/**
 * Reads Gemini's answer to `countTokens`: `{totalTokens, totalBillableCharacters, promptTokensDetails}`. A prompt
 * without tokens comes without `totalTokens`.
 */
export function geminiCountAnswer(body: Uint8Array): Buffer {
  const answer = answerOf(body, 'Gemini');
  const total = numberField(answer, 'totalTokens');
  if (total === null && answer['totalTokens'] === undefined && isEmptyCount(answer)) {
    return encodeCountAnswer(0);
  }
  return countAnswer(total, 'Gemini', 'totalTokens');
}

/** Reads the answer of Anthropic's counter, on Vertex too: `{input_tokens}` and perhaps `context_management`. */
export function claudeCountAnswer(body: Uint8Array): Buffer {
  const answer = answerOf(body, 'Claude');
  return countAnswer(numberField(answer, 'input_tokens'), 'Claude', 'input_tokens');
}

// JSON of protocol buffers leaves out what is zero.
function isEmptyCount(answer: JsonObject): boolean {
  return Object.keys(answer).every((key) => key.startsWith('total') || key.startsWith('prompt'));
}

function answerOf(body: Uint8Array, vendor: string): JsonObject {
  const answer = parseJson(asBuffer(body).toString());
  if (isJsonObject(answer)) return answer;
  throw new GatewayError('api_error', `the answer of ${vendor}'s token counter is no JSON object`, {
    status: 502,
  });
}

function countAnswer(tokens: number | null, vendor: string, field: string): Buffer {
  if (tokens !== null && Number.isSafeInteger(tokens) && tokens >= 0) {
    return encodeCountAnswer(tokens);
  }
  throw new GatewayError(
    'api_error',
    `${field}: the answer of ${vendor}'s token counter has no whole number here`,
    { status: 502 },
  );
}
