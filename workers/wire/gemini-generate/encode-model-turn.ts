import { isJsonObject, type JsonObject, parseJson, textField } from '../../json.ts';
import type { Block } from '../../translation/messages-request.ts';
import type { GeminiEncodeContext } from './encode-context.ts';
import { dropped, encodeBlock } from './encode-parts.ts';
import type { PendingCall } from './encode-results.ts';
import { callSignature, ownState, ownThought } from './signatures.ts';
import type { ToolNames } from './tool-names.ts';

/** A model's turn in Gemini's parts. */
export interface ModelTurn {
  readonly parts: readonly JsonObject[];
  /** Its calls, in order. */
  readonly calls: readonly PendingCall[];
}

/** What a model's turn is encoded with. */
export interface ModelTurnOptions {
  readonly context: GeminiEncodeContext;
  readonly names: ToolNames;
  /** True when it belongs to the current turn: only there signatures are checked. */
  readonly isCurrent: boolean;
}

/** Encodes what the assistant said. A turn of nothing but thoughts has no parts: Gemini could not tell it from none. */
export function encodeModelTurn(blocks: readonly Block[], options: ModelTurnOptions): ModelTurn {
  const turn = new TurnEncoder(options);
  for (const block of blocks) turn.add(block);
  return turn.end();
}

class TurnEncoder {
  readonly #options: ModelTurnOptions;
  readonly #parts: JsonObject[] = [];
  readonly #calls: PendingCall[] = [];
  /** The signature of a text that comes after the block that carries it. */
  #textSignature: string | null = null;

  constructor(options: ModelTurnOptions) {
    this.#options = options;
  }

  add(block: Block): void {
    const { context } = this.#options;
    if (block.type === 'thinking') this.#thinking(block);
    else if (block.type === 'tool_use') this.#call(block);
    else if (block.type !== 'redacted_thinking') {
      const parts = encodeBlock(block, { context, isStrict: false });
      for (const part of parts) this.#content(part);
    }
  }

  end(): ModelTurn {
    const isSilent = this.#parts.every((part) => part.thought === true);
    return { parts: isSilent ? [] : this.#parts, calls: this.#calls };
  }

  #content(part: JsonObject): void {
    const signature = this.#textSignature;
    this.#textSignature = null;
    this.#parts.push(signature === null ? part : { ...part, thoughtSignature: signature });
  }

  #thinking(block: Block): void {
    const thought = ownThought(block, this.#options.context);
    if (thought === null) return;
    const { text, signature } = thought;
    if (text !== '') {
      const signed = signature === null ? {} : { thoughtSignature: signature };
      this.#parts.push({ text, thought: true, ...signed });
    } else if (signature !== null) this.#carry(signature);
  }

  // A block without text carries the signature of the text beside it: of the one before, which was complete by then.
  #carry(signature: string): void {
    const last = this.#parts.at(-1);
    const isUnsigned = last !== undefined && 'text' in last && !('thoughtSignature' in last);
    if (isUnsigned && last.thought !== true) last.thoughtSignature = signature;
    else this.#textSignature = signature;
  }

  #call(block: Block): void {
    const { context, names, isCurrent } = this.#options;
    const clientName = textField(block, 'name');
    if (clientName === null) {
      dropped(block, { context, isStrict: false });
      return;
    }
    const id = textField(block, 'id');
    const state = ownState(id, context);
    const upstreamId = state?.upstreamId ?? null;
    const name = names.spell(clientName);
    const isFirst = this.#calls.length === 0;
    const signature = callSignature(state, { isFirst, isCurrent }, context);
    this.#calls.push({ id, upstreamId, name });
    this.#parts.push({
      functionCall: {
        ...(upstreamId === null ? {} : { id: upstreamId }),
        name,
        args: argsOf(block.input),
      },
      ...(signature === null ? {} : { thoughtSignature: signature }),
    });
  }
}

// Models have been known to write their input as text, or as no object at all; Gemini insists on one.
function argsOf(input: unknown): JsonObject {
  const value = typeof input === 'string' ? (parseJson(input) ?? input) : input;
  if (value === undefined || value === null) return {};
  return isJsonObject(value) && !isSpelledNumber(value) ? value : { raw: value };
}

// A number that kept its spelling (see parseExactJson) is an object without a prototype.
function isSpelledNumber(value: JsonObject): boolean {
  return Object.getPrototypeOf(value) === null;
}
