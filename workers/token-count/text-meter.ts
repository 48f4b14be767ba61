import { LIMITS } from '../../config/limits.ts';
import { roughTokens } from './rough-tokens.ts';

/** The part of a tokenizer that a TextMeter uses. */
export interface TextTokenizer {
  /** The tokens of a text; with all specials allowed it may hold the words of a special token. */
  encode(text: string, allowedSpecial: 'all'): readonly unknown[];
}

/** What a TextMeter works with. */
export interface TextMeterOptions {
  /** Tokens of the target model per token of this tokenizer. */
  readonly factor: number;
  /** After this moment texts are estimated. */
  readonly deadlineMs: number;
  nowMs(): number;
}

// What was counted tells how much the estimate is off for this kind of text; a short text tells nothing.
const CORRECTION_TOKENS_MIN = 100;
const CORRECTION_MAX = 2;

// A cut costs at most one token; at a space it costs none.
const CUT_SEARCH_CHARACTERS = 128;

const ZERO = 0x30;
const NINE = 0x39;

/**
 * Counts the tokens of one request's texts, in slices, until its time is up; the rest is estimated.
 *
 * Slices keep the tokenizer's square growth on degenerate text (100 KB of one letter: 14 s) to under 1 ms each.
 */
export class TextMeter {
  readonly #tokenizer: TextTokenizer;
  readonly #options: TextMeterOptions;
  #isLate = false;
  /** Tokens of what was counted, and what they would have been estimated at. */
  #counted = 0;
  #estimated = 0;

  constructor(tokenizer: TextTokenizer, options: TextMeterOptions) {
    this.#tokenizer = tokenizer;
    this.#options = options;
  }

  /** True when a text was estimated. */
  get isLate(): boolean {
    return this.#isLate;
  }

  /** Tokens of a text, not rounded. */
  count(text: string): number {
    let tokens = 0;
    let start = 0;
    while (start < text.length) {
      if (this.#timeIsUp()) return tokens + this.#estimate(text.slice(start));
      const end = sliceEnd(text, start);
      const slice = text.slice(start, end);
      const found = this.#tokenizer.encode(slice, 'all').length + spacedNumbers(slice);
      tokens += found * this.#options.factor;
      this.#counted += found * this.#options.factor;
      this.#estimated += roughTokens(slice);
      start = end;
    }
    return tokens;
  }

  #estimate(text: string): number {
    const correction =
      this.#estimated < CORRECTION_TOKENS_MIN ? 1 : this.#counted / this.#estimated;
    return roughTokens(text) * Math.min(CORRECTION_MAX, Math.max(1 / CORRECTION_MAX, correction));
  }

  #timeIsUp(): boolean {
    this.#isLate ||= this.#options.nowMs() > this.#options.deadlineMs;
    return this.#isLate;
  }
}

function sliceEnd(text: string, start: number): number {
  const end = start + LIMITS.tokenSliceCharactersMax;
  if (end >= text.length) return text.length;
  const space = text.lastIndexOf(' ', end);
  if (space > Math.max(start, end - CUT_SEARCH_CHARACTERS)) return space;
  const isInsidePair = (text.charCodeAt(end) & 0xfc00) === 0xdc00;
  return isInsidePair ? end - 1 : end;
}

// The vocabulary, of Claude 2, has ` 60` as one token; its successors count the space on its own.
function spacedNumbers(text: string): number {
  let count = 0;
  for (let at = text.indexOf(' '); at !== -1; at = text.indexOf(' ', at + 1)) {
    const next = text.charCodeAt(at + 1);
    if (next >= ZERO && next <= NINE) count++;
  }
  return count;
}
