import { LIMITS } from '../../../config/limits.ts';
import type { MessageWriter } from '../../translation/message-writer.ts';
import type { CallPiece } from './chunk.ts';
import { JsonRepair } from './json-repair.ts';
import { clientToolId } from './tool-ids.ts';

const CALLS_MAX = 512;
/** For a call with arguments and no name: the client says that it has no such tool, and the model tries again. */
const NAMELESS = 'unnamed_tool';

/** One call of a message. */
export interface ToolCall {
  readonly index: number;
  /** The id that the client knows. */
  toolUseId: string | null;
  upstreamId: string | null;
  name: string | null;
  readonly input: JsonRepair;
  /** Input that waits for the call's turn. */
  waiting: string;
  state: 'waiting' | 'open' | 'closed';
}

/** Where the calls of one answer go. */
export interface ToolCallsOptions {
  readonly writer: MessageWriter;
  /** Tools that were respelled: the provider's name → the client's. */
  readonly toolNames: ReadonlyMap<string, string>;
}

/**
 * Assembles tool calls out of pieces that say little: numbers missing, counted from one or used twice, ids missing or
 * repeated, names repeated, calls interleaved. Writes them one after another, the first one while it comes.
 *
 * A server's new id begins a new call. Source: protocol reference §6.5.
 */
export class ToolCalls {
  readonly #options: ToolCallsOptions;
  readonly #calls: ToolCall[] = [];
  readonly #ids = new Set<string>();
  #open: ToolCall | null = null;
  #characters = 0;

  constructor(options: ToolCallsOptions) {
    this.#options = options;
  }

  /** Calls written so far, in the order of their blocks. */
  get written(): readonly ToolCall[] {
    return this.#calls.filter(({ toolUseId }) => toolUseId !== null);
  }

  /** True from the first piece on. */
  get hasCalls(): boolean {
    return this.#calls.length > 0;
  }

  /** Characters of all arguments. */
  get characters(): number {
    return this.#characters;
  }

  /** True when the server sends more than any model writes: the answer must end. */
  get isTooMuch(): boolean {
    return this.#characters > LIMITS.sseEventBytesMax || this.#calls.length > CALLS_MAX;
  }

  /** True when a call's input is not a whole object, and not empty either. */
  get hasHalfCall(): boolean {
    return this.#calls.some(
      ({ input, waiting }) => !input.isWhole && (input.isBegun || waiting !== ''),
    );
  }

  /** Takes a piece. One that says nothing at all begins no call. */
  take(piece: CallPiece): void {
    const known = this.#callOf(piece);
    if (known === undefined && piece.id === null && piece.name === null && piece.arguments === '') {
      return;
    }
    const call = known ?? this.#begin(piece);
    call.upstreamId ??= piece.id;
    call.name ??= piece.name;
    this.#characters += piece.arguments.length;
    if (call.state === 'waiting') call.waiting += piece.arguments;
    else if (call.state === 'open')
      this.#options.writer.toolInput(call.input.push(piece.arguments));
    this.#advance();
  }

  /** Closes a call that lacks nothing; false = one is still coming, and nothing else can be written. */
  giveWay(): boolean {
    if (this.#open?.input.isWhole) this.#close(this.#open, false);
    return this.#calls.every(({ state }) => state === 'closed');
  }

  /** Writes what is left. `isCutShort`: the last input may be a half one, and is not completed. */
  finish(isCutShort: boolean): void {
    if (this.#open !== null) this.#close(this.#open, isCutShort);
    for (const call of this.#waiting()) {
      if (call.name === null && call.waiting === '') continue;
      call.name ??= NAMELESS;
      this.#start(call);
      this.#close(call, isCutShort);
    }
  }

  #callOf(piece: CallPiece): ToolCall | undefined {
    const { id, name, arguments: input } = piece;
    const same = id === null ? undefined : this.#calls.findLast((call) => call.upstreamId === id);
    if (same !== undefined && (piece.index === null || piece.index === same.index)) return same;
    const call = this.#callAt(piece);
    if (call === undefined) return undefined;
    // An id of its own begins a call, but for servers that make a new one for every piece: a call has a name.
    if (id !== null && call.upstreamId !== null) {
      return name === null && !call.input.isWhole ? call : undefined;
    }
    return isNextCall(call, name) && (id !== null || input !== '') ? undefined : call;
  }

  // Without numbers a piece that is alone goes on with the last call, once the first one lacks nothing.
  #callAt({ index, position, name }: CallPiece): ToolCall | undefined {
    const wanted = index ?? position;
    const call = this.#calls.findLast((earlier) => earlier.index === wanted);
    return index === null && name === null && call?.input.isWhole ? this.#calls.at(-1) : call;
  }

  #begin({ index, position, id, name }: CallPiece): ToolCall {
    const call: ToolCall = {
      index: index ?? position,
      toolUseId: null,
      upstreamId: id,
      name,
      input: new JsonRepair(),
      waiting: '',
      state: 'waiting',
    };
    this.#calls.push(call);
    return call;
  }

  // The open call gives way when it is whole: only then does the next one's input flow at once.
  #advance(): void {
    for (const next of this.#waiting()) {
      if (this.#open !== null && !this.#open.input.isWhole) return;
      if (next.name === null) return;
      if (this.#open !== null) this.#close(this.#open, false);
      this.#start(next);
    }
  }

  #waiting(): readonly ToolCall[] {
    const waiting = this.#calls.filter(({ state }) => state === 'waiting');
    return waiting.length < 2 ? waiting : waiting.sort((a, b) => a.index - b.index);
  }

  #start(call: ToolCall): void {
    const id = clientToolId(call.upstreamId, this.#ids);
    const { name, waiting } = call;
    this.#ids.add(id);
    call.toolUseId = id;
    call.state = 'open';
    call.waiting = '';
    this.#open = call;
    const { writer, toolNames } = this.#options;
    writer.openTool({ id, name: toolNames.get(name ?? '') ?? name ?? NAMELESS });
    writer.toolInput(call.input.push(waiting));
  }

  #close(call: ToolCall, isCutShort: boolean): void {
    const { writer } = this.#options;
    writer.toolInput(call.input.finish(isCutShort));
    writer.close();
    call.state = 'closed';
    this.#open = null;
  }
}

// Without ids only this tells a second call from a name that is repeated: the first one lacks nothing any more.
function isNextCall(call: ToolCall, name: string | null): boolean {
  return name !== null && call.name !== null && (call.name !== name || isWhole(call));
}

function isWhole({ input, waiting }: ToolCall): boolean {
  if (input.isWhole) return true;
  if (waiting === '') return false;
  const trial = new JsonRepair();
  trial.push(waiting);
  return trial.isWhole;
}
