import type { JsonObject } from '../../json.ts';

/** Characters of reasoning that are kept to be sent back: a state beyond is not carried. See sealSignature. */
const STATE_CHARACTERS_MAX = 262_144;
const DETAILS_MAX = 1_000;
/** Fields of a detail that come in pieces. */
const GROWING = ['text', 'summary', 'data'] as const;

/** What the server must see again with a message's tool calls. */
export interface ReasoningState {
  readonly reasoningDetails: readonly JsonObject[] | null;
  readonly reasoningText: string | null;
}

/**
 * Keeps the reasoning of one message to send it back: OpenRouter's details, merged by their index, or else the text.
 *
 * Over 256 Ki characters nothing is kept.
 */
export class Reasoning {
  readonly #details: JsonObject[] = [];
  readonly #texts: string[] = [];
  #characters = 0;
  #sealedDetails = 0;
  #sealedTexts = 0;
  #hasUnsealedText = false;

  /** True when something came since the last seal. */
  get isPending(): boolean {
    return this.#hasUnsealedText || this.#details.length > this.#sealedDetails;
  }

  /** Takes a piece of reasoning text. */
  addText(text: string): void {
    this.#hasUnsealedText = true;
    this.#characters += text.length;
    if (this.#isTooMuch) this.#texts.length = 0;
    else this.#texts.push(text);
  }

  /** Takes the details of one chunk. */
  addDetails(details: readonly JsonObject[]): void {
    for (const detail of details) {
      for (const field of GROWING) this.#characters += lengthOf(detail[field]);
      if (this.#isTooMuch) continue;
      const known = this.#details.findLast((earlier) => isSame(earlier, detail));
      if (known === undefined) this.#details.push({ ...detail });
      else grow(known, detail);
    }
  }

  /** The state of what came since the last seal, for the signature of its block. */
  seal(): JsonObject {
    const details = this.#details.slice(this.#sealedDetails);
    const text = this.#texts.slice(this.#sealedTexts).join('');
    this.#sealedDetails = this.#details.length;
    this.#sealedTexts = this.#texts.length;
    this.#hasUnsealedText = false;
    if (this.#isTooMuch) return {};
    if (details.length > 0) return { reasoningDetails: details };
    return text === '' ? {} : { reasoningText: text };
  }

  /** The state of the whole message; null when there was no reasoning, or too much. */
  state(): ReasoningState | null {
    const text = this.#texts.join('');
    if (this.#isTooMuch || (this.#details.length === 0 && text === '')) return null;
    return this.#details.length > 0
      ? { reasoningDetails: this.#details, reasoningText: null }
      : { reasoningDetails: null, reasoningText: text };
  }

  get #isTooMuch(): boolean {
    return this.#characters > STATE_CHARACTERS_MAX || this.#details.length > DETAILS_MAX;
  }
}

// One index may hold details of several types, and of several ids.
function isSame(earlier: JsonObject, later: JsonObject): boolean {
  if (typeof later.index !== 'number' || earlier.index !== later.index) return false;
  if (earlier.type !== later.type) return false;
  return earlier.id == null || later.id == null || earlier.id === later.id;
}

function grow(known: JsonObject, later: JsonObject): void {
  for (const [name, value] of Object.entries(later)) {
    if (value === null || value === undefined) continue;
    const before = known[name];
    const isText = typeof before === 'string' && typeof value === 'string';
    known[name] = isText && GROWING.some((field) => field === name) ? before + value : value;
  }
}

function lengthOf(value: unknown): number {
  return typeof value === 'string' ? value.length : 0;
}
