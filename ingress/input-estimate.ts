import type { FieldSpan } from '../schemas/envelope.ts';

/** What an estimate looks at beside the prompt's fields. */
export interface EstimateOptions {
  /** Bytes of files in base64, and the tokens these count for. */
  readonly files: { readonly bytes: number; readonly tokens: number };
  readonly hasTools: boolean;
}

const PROMPT_FIELDS = ['messages', 'system', 'tools'];

// A field beyond this is measured in samples: the estimate costs the same at any size.
const WHOLE_BYTES_MAX = 4_096;
const SAMPLES = 12;
const SAMPLE_BYTES = 256;
// Mean of real Claude Code bodies, for a field whose every sample fell into files.
const BYTES_PER_TOKEN = 3.8;
// What a sample without a quote, a space or a line end is: a file in base64, counted elsewhere.
const PROSE_PATTERN = /["\s]/;

// Line ends between values, keys and values around the texts, which cost the model less than their bytes; signatures
// and thinking of earlier turns, which cost nothing.
const FRAME_PATTERN =
  /\n *|"(?:type|role|id|tool_use_id)": *"[\w.-]*",?|"signature": *"[^"]*",?|"(?:text|content|input)": *|"thinking": *"(?:[^"\\]|\\.)*",?/g;

const LETTERS_PER_TOKEN = 5.2;
const DIGITS_PER_TOKEN = 2.2;
const MARKS_PER_TOKEN = 3;
const SPACES_PER_TOKEN = 16;
// A character of two, three and four bytes.
const TWO_BYTES_TOKENS = 0.6;
const THREE_BYTES_TOKENS = 1.2;
const FOUR_BYTES_TOKENS = 2.6;

const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const UNICODE_ESCAPE_CHARACTERS = 6;

// Around the messages and in front of them; fitted to the recorded requests, as workers/token-count/ is.
const REQUEST_TOKENS = 7;
const TOOL_PROMPT_TOKENS = 490;
const FORCED_TOOL_TOKENS = 94;
const THINKING_PROMPT_TOKENS = 29;
const CITATION_PROMPT_TOKENS = 575;
const DOCUMENT_BY_URL_TOKENS = 2_660;
const ANTHROPIC_TOOLS: readonly (readonly [pattern: string, tokens: number])[] = [
  ['"web_search_2', 1_710],
  ['"web_fetch_2', 1_710],
  ['"memory_2', 1_070],
  ['"advisor_2', 650],
  ['"tool_search_tool_', 190],
];

/**
 * Estimates the input tokens of a request from samples of its bytes, at least 1: within a quarter for what the
 * recordings hold. Some 50 µs at any size.
 */
export function estimateInputTokens(
  body: Uint8Array,
  fields: readonly FieldSpan[],
  options: EstimateOptions,
): number {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  let bytes = 0;
  let measured = { bytes: 0, tokens: 0 };
  let hidden = REQUEST_TOKENS;
  for (const { name, valueStart, valueEnd } of fields) {
    const span = buffer.subarray(valueStart, valueEnd);
    hidden += hiddenTokens(name, span);
    if (!PROMPT_FIELDS.includes(name)) continue;
    bytes += span.length;
    measured = sum(measured, measure(span));
  }
  if (options.hasTools) hidden += TOOL_PROMPT_TOKENS;
  const textBytes = Math.max(0, bytes - options.files.bytes);
  const tokensPerByte = measured.bytes === 0 ? 0 : measured.tokens / measured.bytes;
  return Math.max(1, Math.round(textBytes * tokensPerByte + options.files.tokens + hidden));
}

interface Measure {
  readonly bytes: number;
  readonly tokens: number;
}

function sum(one: Measure, other: Measure): Measure {
  return { bytes: one.bytes + other.bytes, tokens: one.tokens + other.tokens };
}

function measure(span: Buffer): Measure {
  if (span.length <= WHOLE_BYTES_MAX) return measureText(span);
  let total = { bytes: 0, tokens: 0 };
  const stride = Math.floor((span.length - SAMPLE_BYTES) / (SAMPLES - 1));
  for (let sample = 0; sample < SAMPLES; sample++) {
    const start = sample * stride;
    total = sum(total, measureText(span.subarray(start, start + SAMPLE_BYTES)));
  }
  // The share of a field is its whole size, however little of it was looked at.
  return { bytes: span.length, tokens: scaled(total, span.length) };
}

function scaled({ bytes, tokens }: Measure, size: number): number {
  return bytes === 0 ? size / BYTES_PER_TOKEN : (tokens * size) / bytes;
}

function measureText(bytes: Buffer): Measure {
  const json = bytes.toString('latin1');
  if (!PROSE_PATTERN.test(json)) return { bytes: 0, tokens: 0 };
  const text = json.replace(FRAME_PATTERN, '');
  let tokens = 0;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    const end = pieceEnd(text, at, code);
    tokens += pieceTokens(code, end - at);
    at = end;
  }
  return { bytes: bytes.length, tokens };
}

const KIND = { LETTERS: 0, DIGITS: 1, SPACES: 2, MARKS: 3, BYTES: 4, ESCAPE: 5 } as const;

function kindOf(code: number): number {
  const letter = code | 0x20;
  if (code >= 0x80) return KIND.BYTES;
  if (letter >= 0x61 && letter <= 0x7a) return KIND.LETTERS;
  if (code === BACKSLASH) return KIND.ESCAPE;
  if (code <= 0x20) return KIND.SPACES;
  return code >= 0x30 && code <= 0x39 ? KIND.DIGITS : KIND.MARKS;
}

/** The kind of every latin1 character: bytes, because this is looked up for each character of a prompt. */
const KINDS = Uint8Array.from({ length: 256 }, (_, code) => kindOf(code));

function pieceEnd(text: string, start: number, code: number): number {
  const kind = KINDS[code];
  if (kind === KIND.BYTES) return start + 1;
  if (kind === KIND.ESCAPE) {
    return start + (text.charCodeAt(start + 1) === LETTER_U ? UNICODE_ESCAPE_CHARACTERS : 2);
  }
  let end = start + 1;
  while (end < text.length && KINDS[text.charCodeAt(end)] === kind) end++;
  return end;
}

function pieceTokens(code: number, length: number): number {
  switch (KINDS[code]) {
    case KIND.LETTERS:
      return Math.max(1, length / LETTERS_PER_TOKEN);
    case KIND.DIGITS:
      return Math.ceil(length / DIGITS_PER_TOKEN);
    case KIND.SPACES:
      return length < 2 ? 0 : Math.ceil(length / SPACES_PER_TOKEN);
    case KIND.MARKS:
      return Math.ceil(length / MARKS_PER_TOKEN);
    case KIND.ESCAPE:
      return 1;
    default:
      return leadByteTokens(code);
  }
}

// The first byte of a character stands for all of it.
function leadByteTokens(byte: number): number {
  if (byte < 0xc0) return 0;
  if (byte < 0xe0) return TWO_BYTES_TOKENS;
  return byte < 0xf0 ? THREE_BYTES_TOKENS : FOUR_BYTES_TOKENS;
}

function hiddenTokens(name: string, span: Buffer): number {
  switch (name) {
    case 'messages':
      return documents(span);
    case 'tools':
      return anthropicTools(span);
    case 'tool_choice':
      return span.includes('"any"') || span.includes('"tool"') ? FORCED_TOOL_TOKENS : 0;
    case 'thinking':
      return span.includes('"enabled"') ? THINKING_PROMPT_TOKENS : 0;
    default:
      return 0;
  }
}

function anthropicTools(tools: Buffer): number {
  // Their types end with a date.
  if (!tools.includes('_202', 0, 'latin1')) return 0;
  return ANTHROPIC_TOOLS.reduce(
    (tokens, [pattern, cost]) => tokens + (tools.includes(pattern, 0, 'latin1') ? cost : 0),
    0,
  );
}

function documents(messages: Buffer): number {
  // Every document and every search result has a source.
  if (!messages.includes('"source', 0, 'latin1')) return 0;
  let tokens = 0;
  if (messages.includes('"citations"', 0, 'latin1')) tokens += CITATION_PROMPT_TOKENS;
  const hasDocument = messages.includes('"document"', 0, 'latin1');
  if (hasDocument && messages.includes('"url"', 0, 'latin1')) tokens += DOCUMENT_BY_URL_TOKENS;
  return tokens;
}
