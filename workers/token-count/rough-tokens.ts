/** Mean UTF-8 bytes per token of whole Claude Code bodies: text, code, schemas and JSON around them. */
export const BYTES_PER_TOKEN = 3.8;

// Longer texts are measured in samples, so that an estimate costs the same 100 µs at any length.
const WHOLE_CHARACTERS_MAX = 65_536;
const SAMPLES = 16;
const SAMPLE_CHARACTERS = 4_096;

// Up to this many letters a word is mostly one token; longer ones (and names in code) are cut.
const LETTERS_PER_TOKEN = 4.8;
const DIGITS_PER_TOKEN = 2.2;
const MARKS_PER_TOKEN = 1.6;
// A run of spaces (an indentation) is one token; the single space before a word belongs to the word.
const SPACES_PER_TOKEN = 16;
const LATIN_TOKENS = 0.6;
const OTHER_TOKENS = 1.2;
const SURROGATE_TOKENS = 1.3;

const LATIN_END = 0x0530;

/**
 * Estimates the tokens of a text from its characters alone, within a quarter for prose, code and JSON.
 *
 * At most 100 µs at any length. 0 for an empty text, else at least 1.
 */
export function roughTokens(text: string): number {
  if (text === '') return 0;
  if (text.length <= WHOLE_CHARACTERS_MAX) {
    return Math.max(1, Math.ceil(measure(text, 0, text.length)));
  }
  const stride = (text.length - SAMPLE_CHARACTERS) / (SAMPLES - 1);
  let tokens = 0;
  for (let sample = 0; sample < SAMPLES; sample++) {
    const start = Math.floor(sample * stride);
    tokens += measure(text, start, start + SAMPLE_CHARACTERS);
  }
  return Math.max(1, Math.ceil((tokens * text.length) / (SAMPLES * SAMPLE_CHARACTERS)));
}

type Kind = 'letters' | 'digits' | 'spaces' | 'marks' | 'latin' | 'other' | 'surrogate';

function measure(text: string, start: number, end: number): number {
  let tokens = 0;
  let kind: Kind = 'spaces';
  let length = 0;
  for (let at = start; at < end; at++) {
    const next = kindOf(text.charCodeAt(at));
    if (next === kind) {
      length++;
    } else {
      tokens += tokensOf(kind, length);
      kind = next;
      length = 1;
    }
  }
  return tokens + tokensOf(kind, length);
}

function kindOf(code: number): Kind {
  const letter = code | 0x20;
  if (letter >= 0x61 && letter <= 0x7a && code < 0x80) return 'letters';
  if (code >= 0x30 && code <= 0x39) return 'digits';
  if (code <= 0x20) return 'spaces';
  if (code < 0x80) return 'marks';
  if (code < LATIN_END) return 'latin';
  return code >= 0xd800 && code <= 0xdfff ? 'surrogate' : 'other';
}

function tokensOf(kind: Kind, length: number): number {
  switch (kind) {
    case 'letters':
      return Math.max(length > 0 ? 1 : 0, length / LETTERS_PER_TOKEN);
    case 'digits':
      return Math.ceil(length / DIGITS_PER_TOKEN);
    case 'spaces':
      return length < 2 ? 0 : Math.ceil(length / SPACES_PER_TOKEN);
    case 'marks':
      return Math.ceil(length / MARKS_PER_TOKEN);
    case 'latin':
      return length * LATIN_TOKENS;
    case 'other':
      return length * OTHER_TOKENS;
    case 'surrogate':
      return length * SURROGATE_TOKENS;
  }
}
