import { isJsonObject, type JsonObject, objectField, textField } from '../../json.ts';
import { reasoningOf } from './reasoning-fields.ts';

/** A stretch of an answer, in the order it was written. */
export interface TextPiece {
  readonly kind: 'reasoning' | 'text' | 'refusal';
  readonly text: string;
}

/** What one chunk says of one tool call. */
export interface CallPiece {
  /** The server's own number for the call; null = it gave none. */
  readonly index: number | null;
  /** The call's place in the chunk's list. */
  readonly position: number;
  readonly id: string | null;
  readonly name: string | null;
  readonly arguments: string;
}

/** One chunk of a streamed answer, or a whole answer, whatever its dialect. */
export interface ChatChunk {
  readonly model: string | null;
  readonly pieces: readonly TextPiece[];
  /** OpenRouter's, to be merged by their index. */
  readonly reasoningDetails: readonly JsonObject[];
  readonly calls: readonly CallPiece[];
  readonly finishReason: string | null;
  /** The stop sequence that was hit, where the server tells (vLLM). */
  readonly stopSequence: string | null;
  readonly usage: JsonObject | null;
  /** The body that reports a failure; null = none is reported. */
  readonly failure: JsonObject | null;
}

const NO_DETAILS: readonly JsonObject[] = [];
const NO_CALLS: readonly CallPiece[] = [];
/** vLLM's `stop_reason` is the sequence; what others write there is a reason again. */
const REASON_WORDS = /^(?:end_turn|eos|length|max_tokens|stop|tool_calls|tool_use)$/;

/**
 * Reads one chunk of a chat completion, or a whole one: OpenAI's own and what the compatible servers make of it, Ollama's
 * native lines too. Only choice 0 counts. Fields of unexpected types are as if they were missing.
 */
export function readChunk(body: JsonObject): ChatChunk {
  const choice = firstChoice(body);
  const message = isJsonObject(choice.delta) ? choice.delta : objectField(choice, 'message');
  const { reasoning_details: details } = message;
  return {
    model: textField(body, 'model'),
    pieces: piecesOf(message),
    reasoningDetails: Array.isArray(details) ? details.filter(isJsonObject) : NO_DETAILS,
    calls: callsOf(message),
    finishReason: finishReasonOf(choice),
    stopSequence: stopSequenceOf(choice),
    usage: usageOf(body, choice),
    failure: failureIn(body, choice),
  };
}

// Ollama's native lines have no choices: the line itself is one.
function firstChoice(body: JsonObject): JsonObject {
  const { choices } = body;
  if (!Array.isArray(choices)) return isJsonObject(body.message) ? body : {};
  const first = choices.find((choice) => isJsonObject(choice) && (choice.index ?? 0) === 0);
  return isJsonObject(first) ? first : {};
}

function piecesOf(message: JsonObject): readonly TextPiece[] {
  const pieces: TextPiece[] = [];
  const reasoning = reasoningOf(message);
  if (reasoning !== '') pieces.push({ kind: 'reasoning', text: reasoning });
  const { content, refusal } = message;
  if (typeof content === 'string') {
    if (content !== '') pieces.push({ kind: 'text', text: content });
  } else if (Array.isArray(content)) {
    for (const part of content) addPart(pieces, part);
  }
  if (typeof refusal === 'string' && refusal !== '') {
    pieces.push({ kind: 'refusal', text: refusal });
  }
  return pieces;
}

// Mistral's reasoning models write lists of parts. Parts of other types (references, audio) have no text.
function addPart(pieces: TextPiece[], part: unknown): void {
  if (typeof part === 'string') {
    pieces.push({ kind: 'text', text: part });
    return;
  }
  if (!isJsonObject(part)) return;
  const { type } = part;
  if (type === 'thinking' || type === 'reasoning') {
    const text = plainText(part.thinking ?? part.reasoning ?? part.text);
    pieces.push({ kind: 'reasoning', text });
  } else if (type === 'refusal') {
    pieces.push({ kind: 'refusal', text: plainText(part.refusal) });
  } else if (type === 'text' || type === 'output_text') {
    pieces.push({ kind: 'text', text: plainText(part.text) });
  }
}

function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return '';
  return value
    .map((part) => (isJsonObject(part) ? plainText(part.text) : plainText(part)))
    .join('');
}

function callsOf(message: JsonObject): readonly CallPiece[] {
  const { tool_calls: calls, function_call: legacy } = message;
  if (Array.isArray(calls)) {
    return calls.flatMap((call, position) =>
      isJsonObject(call) ? [readCall(call, position)] : [],
    );
  }
  return isJsonObject(legacy) ? [readCall({ function: legacy }, 0)] : NO_CALLS;
}

function readCall(call: JsonObject, position: number): CallPiece {
  const called = objectField(call, 'function');
  const index = call.index ?? called.index;
  const { arguments: input } = called;
  return {
    index: typeof index === 'number' && Number.isSafeInteger(index) ? index : null,
    position,
    id: textField(call, 'id'),
    name: textField(called, 'name'),
    arguments: typeof input === 'string' ? input : hasValue(input) ? JSON.stringify(input) : '',
  };
}

/** True when a call's input came as JSON instead of text: its numbers must then be parsed as they are spelled. */
export function hasInlineInput(body: JsonObject): boolean {
  const choice = firstChoice(body);
  const message = isJsonObject(choice.delta) ? choice.delta : objectField(choice, 'message');
  const { tool_calls: calls } = message;
  if (!Array.isArray(calls)) return false;
  return calls.some(
    (call) => isJsonObject(call) && isJsonObject(objectField(call, 'function').arguments),
  );
}

function finishReasonOf(choice: JsonObject): string | null {
  const reason = textField(choice, 'finish_reason') ?? textField(choice, 'done_reason');
  return reason ?? (choice.done === true ? 'stop' : null);
}

function stopSequenceOf(choice: JsonObject): string | null {
  const sequence = textField(choice, 'stop_reason');
  return sequence === null || REASON_WORDS.test(sequence) ? null : sequence;
}

// Groq has it in `x_groq`, Moonshot once had it in the choice, native Ollama among the line's own fields.
function usageOf(body: JsonObject, choice: JsonObject): JsonObject | null {
  const { usage, x_groq: groq } = body;
  if (isJsonObject(usage)) return usage;
  if (isJsonObject(groq) && isJsonObject(groq.usage)) return groq.usage;
  if (isJsonObject(choice.usage)) return choice.usage;
  const { prompt_eval_count, eval_count } = body;
  return prompt_eval_count === undefined && eval_count === undefined
    ? null
    : { prompt_eval_count, eval_count };
}

// OpenRouter also reports inside the choice.
function failureIn(body: JsonObject, choice: JsonObject): JsonObject | null {
  if (hasValue(body.error) || body.object === 'error' || body.type === 'error') return body;
  if (hasValue(choice.error)) return { error: choice.error };
  // FastAPI's shape, and Mistral's: no chunk has these without choices.
  const isChunk = 'choices' in body || isJsonObject(body.message);
  return !isChunk && (hasValue(body.detail) || typeof body.message === 'string') ? body : null;
}

// Empty text and empty objects say nothing either.
function hasValue(value: unknown): boolean {
  if (isJsonObject(value)) return Object.keys(value).length > 0;
  return value !== null && value !== undefined && value !== '' && value !== false;
}
