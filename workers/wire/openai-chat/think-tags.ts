import type { TextPiece } from './chunk.ts';

const OPEN = '<think>';
const CLOSE = '</think>';
/** More white space than this before a text is text. */
const LEADING_CHARACTERS_MAX = 1_024;

/**
 * Takes the reasoning out of a text that begins with `<think>…</think>`, as llama.cpp and LM Studio write it. Tags
 * further on belong to the text. Pieces may be cut anywhere.
 *
 * White space before the first text is held back until there is text: alone it is no answer.
 */
export class ThinkTags {
  #state: 'start' | 'thinking' | 'after' | 'text' = 'start';
  #held = '';

  /** Takes a piece of text; returns what is certain by now, without empty pieces. */
  push(text: string): readonly TextPiece[] {
    if (this.#state === 'text') return text === '' ? [] : [{ kind: 'text', text }];
    const pieces: TextPiece[] = [];
    this.#held += text;
    if (this.#state === 'start') this.#start(pieces);
    if (this.#state === 'thinking') this.#think(pieces);
    if (this.#state === 'after') this.#afterwards(pieces);
    return pieces;
  }

  /** What was held back, now that the text is over or goes on after something else. Tags mean nothing from here on. */
  finish(): readonly TextPiece[] {
    const kind = this.#state === 'thinking' ? 'reasoning' : 'text';
    const text = this.#held;
    this.#held = '';
    this.#state = 'text';
    return text.trim() === '' ? [] : [{ kind, text }];
  }

  #start(pieces: TextPiece[]): void {
    const visible = this.#held.trimStart();
    const isUndecided = visible.length < OPEN.length && OPEN.startsWith(visible);
    if (isUndecided && this.#held.length <= LEADING_CHARACTERS_MAX) return;
    if (visible.startsWith(OPEN)) {
      this.#held = visible.slice(OPEN.length);
      this.#state = 'thinking';
    } else this.#pass(pieces, this.#held);
  }

  #think(pieces: TextPiece[]): void {
    const end = this.#held.indexOf(CLOSE);
    const reasoningEnd = end === -1 ? this.#held.length - beginningOfClose(this.#held) : end;
    const text = this.#held.slice(0, reasoningEnd);
    if (text !== '') pieces.push({ kind: 'reasoning', text });
    this.#held = this.#held.slice(end === -1 ? reasoningEnd : end + CLOSE.length);
    if (end !== -1) this.#state = 'after';
  }

  // The blank lines between the tag and the answer are the template's, not the model's.
  #afterwards(pieces: TextPiece[]): void {
    const text = this.#held.trimStart();
    this.#held = '';
    if (text !== '') this.#pass(pieces, text);
  }

  #pass(pieces: TextPiece[], text: string): void {
    pieces.push({ kind: 'text', text });
    this.#held = '';
    this.#state = 'text';
  }
}

// How much of the text's end may be the beginning of the closing tag.
function beginningOfClose(text: string): number {
  for (let length = Math.min(CLOSE.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(CLOSE.slice(0, length))) return length;
  }
  return 0;
}
