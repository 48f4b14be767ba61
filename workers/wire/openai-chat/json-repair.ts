import { isJsonObject, parseJson } from '../../json.ts';

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const SPACE = 0x20;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
/** Deeper nesting is not completed when its closers are missing. */
const DEPTH_MAX = 128;

/**
 * Passes on a tool call's arguments while they come, and mends what models get wrong: commas before a closer, closers
 * missing at the end, raw line feeds inside strings. What cannot be mended is passed on as delivered.
 *
 * Arguments that are no JSON object are held until the end: `null` becomes nothing, an object written as a string is
 * unwrapped, and the rest becomes `{"_raw": …}`, because a tool's input is an object. The caller bounds the text.
 */
export class JsonRepair {
  #mode: 'start' | 'object' | 'held' = 'start';
  /** What was passed on in mode `object`; what was held in the others. */
  #text = '';
  /** A comma, with the white space after it, that may turn out to stand before a closer. */
  #comma = '';
  #closers: string[] = [];
  #isInString = false;
  #isEscaped = false;
  #isWhole = false;

  /** True once an object was closed: nothing is missing. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** True once anything but white space came. */
  get isBegun(): boolean {
    return this.#mode !== 'start';
  }

  /** Takes a piece, cut anywhere; returns what can be passed on. */
  push(piece: string): string {
    if (this.#mode !== 'object') {
      this.#text += piece;
      if (this.#mode === 'held') return '';
      const begun = this.#text.trimStart();
      if (begun === '') return '';
      this.#text = '';
      if (begun.charCodeAt(0) !== OPEN_BRACE) {
        this.#mode = 'held';
        this.#text = begun;
        return '';
      }
      this.#mode = 'object';
      return this.#pass(this.#scan(begun));
    }
    return this.#pass(this.#scan(piece));
  }

  /** The rest. `isCutShort`: the answer hit its limit, so that a half input must not look like a whole one. */
  finish(isCutShort: boolean): string {
    if (this.#mode === 'start' || this.#isWhole) return '';
    if (this.#mode === 'held') return unwrapped(this.#text);
    const closers = this.#closers.reverse().join('');
    const canClose = !isCutShort && !this.#isInString && this.#closers.length <= DEPTH_MAX;
    return canClose && parseJson(this.#text + closers) !== undefined ? closers : this.#comma;
  }

  #pass(text: string): string {
    this.#text += text;
    return text;
  }

  #scan(piece: string): string {
    let passed = '';
    let from = 0;
    for (let at = 0; at < piece.length; at++) {
      if (this.#isWhole) return passed + piece.slice(from, at);
      const code = piece.charCodeAt(at);
      if (this.#isInString) {
        if (code < SPACE) {
          passed += piece.slice(from, at) + escaped(piece.charAt(at));
          from = at + 1;
        }
        this.#stringCharacter(code);
      } else if (code === COMMA) {
        passed += this.#comma + piece.slice(from, at);
        this.#comma = ',';
        from = at + 1;
      } else if (this.#comma !== '' && code <= SPACE) {
        this.#comma += piece.charAt(at);
        from = at + 1;
      } else {
        if (code !== CLOSE_BRACE && code !== CLOSE_BRACKET) passed += this.#comma;
        this.#comma = '';
        this.#structure(code);
      }
    }
    return passed + piece.slice(from);
  }

  #stringCharacter(code: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (code === BACKSLASH) this.#isEscaped = true;
    else if (code === QUOTE) this.#isInString = false;
  }

  #structure(code: number): void {
    if (code === QUOTE) this.#isInString = true;
    else if (code === OPEN_BRACE) this.#open('}');
    else if (code === OPEN_BRACKET) this.#open(']');
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      this.#closers.pop();
      this.#isWhole ||= this.#closers.length === 0;
    }
  }

  #open(closer: string): void {
    this.#closers.push(closer);
  }
}

function escaped(character: string): string {
  return JSON.stringify(character).slice(1, -1);
}

function unwrapped(text: string): string {
  const value = parseJson(text);
  if (value === null) return '';
  if (typeof value === 'string' && isJsonObject(parseJson(value))) return value;
  return JSON.stringify({ _raw: text });
}
