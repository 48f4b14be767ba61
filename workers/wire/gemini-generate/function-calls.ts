import { LIMITS } from '../../../config/limits.ts';
import { parseExactJson } from '../../exact-json.ts';
import { isJsonObject, type JsonObject, textField } from '../../json.ts';
import { freshToolId } from '../../translation/fresh-tool-id.ts';
import type { DecodeContext } from '../../wire.ts';
import { PartialArgs } from './partial-args.ts';

/** Arguments come back inside a request's messages, and those may be only so deep. */
const ARGS_DEPTH_MAX = LIMITS.jsonDepthMax - 8;

/** A call that is whole. */
export interface FunctionCall {
  /** The client's id of it: fresh, because Gemini's are missing or too long. */
  readonly id: string;
  /** The client's name of the tool. */
  readonly name: string;
  /** A JSON object. */
  readonly input: string;
}

interface OpenCall {
  readonly name: string;
  upstreamId: string | null;
  thoughtSignature: string | null;
  readonly args: PartialArgs;
}

/**
 * Reads the `functionCall` parts of an answer: whole ones, and such that come piece by piece.
 *
 * A call is handed over when it is whole, and what the provider must see again with it is remembered.
 */
export class FunctionCalls {
  readonly #context: DecodeContext;
  readonly #onCall: (call: FunctionCall) => void;
  #open: OpenCall | null = null;
  #count = 0;

  constructor(context: DecodeContext, onCall: (call: FunctionCall) => void) {
    this.#context = context;
    this.#onCall = onCall;
  }

  /** Calls handed over so far. */
  get count(): number {
    return this.#count;
  }

  /** Takes one part's call; false when it makes no sense. */
  take(call: JsonObject, thoughtSignature: string | null): boolean {
    const open = this.#continued(call) ?? this.#begin(call);
    if (open === null) return Object.keys(call).length === 0; // a terminator too many
    open.upstreamId ??= textField(call, 'id');
    open.thoughtSignature ??= thoughtSignature;
    const { partialArgs, willContinue } = call;
    const pieces = Array.isArray(partialArgs) ? partialArgs : [];
    if (!pieces.every((piece) => open.args.take(piece))) return false;
    // The empty part that should end a call may never come: the last piece says no more follows.
    if (willContinue !== true) this.complete();
    return true;
  }

  /** Hands the open call over, if there is one: its end is missing and something else has begun. */
  complete(): void {
    const open = this.#open;
    if (open === null) return;
    this.#open = null;
    this.#count += 1;
    const { providerId, upstreamModel, toolNames } = this.#context;
    const id = freshToolId();
    this.#context.remember(id, {
      v: 1,
      provider: providerId,
      model: upstreamModel,
      upstreamId: open.upstreamId,
      thoughtSignature: open.thoughtSignature,
      reasoningDetails: null,
      reasoningText: null,
    });
    this.#onCall({ id, name: toolNames.get(open.name) ?? open.name, input: open.args.json() });
  }

  /** Forgets the open call: running half of it could do harm. */
  drop(): void {
    this.#open = null;
  }

  // Pieces after the first have no name; a server that repeats it repeats the id too.
  #continued(call: JsonObject): OpenCall | null {
    const open = this.#open;
    if (open === null || textField(call, 'name') === null) return open;
    const id = textField(call, 'id');
    return id !== null && id === open.upstreamId && open.name === call.name ? open : null;
  }

  #begin(call: JsonObject): OpenCall | null {
    this.complete();
    const name = textField(call, 'name');
    const args = argsOf(call.args);
    if (name === null || args === null) return null;
    const open = {
      name,
      upstreamId: null,
      thoughtSignature: null,
      args: new PartialArgs(args),
    };
    this.#open = open;
    return open;
  }
}

// Some servers write the object as a string.
function argsOf(value: unknown): JsonObject | null {
  if (value === undefined || value === null || value === '') return {};
  const args = typeof value === 'string' ? parsed(value) : value;
  return isJsonObject(args) && isWithin(args, ARGS_DEPTH_MAX) ? args : null;
}

function parsed(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch {
    return undefined; // the caller calls it nonsense
  }
}

function isWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((child) => isWithin(child, levels - 1));
}
