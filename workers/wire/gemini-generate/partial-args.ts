import { LIMITS } from '../../../config/limits.ts';
import { exactNumber } from '../../exact-json.ts';
import { isJsonObject, type JsonObject } from '../../json.ts';

/** A path may leave this many elements of an array out; more is no array but an attack on memory. */
const ARRAY_GAP_MAX = 100;
/** Arguments come back inside a request's messages, and those may be only so deep. */
const STEPS_MAX = LIMITS.jsonDepthMax - 8;
const CHARACTERS_MAX = LIMITS.sseEventBytesMax;

type Step = string | number;

/**
 * Builds the arguments of a call that come piece by piece, each at a JSON path: `$.a.b[0]`, `$['a b']`.
 *
 * A string's pieces are joined while the one before said `willContinue`; any other value replaces. Source: protocol
 * reference §3.
 */
export class PartialArgs {
  readonly #root: JsonObject;
  #characters = 0;
  /** The path of a string whose next piece is still to come. */
  #openPath: string | null = null;

  constructor(initial: JsonObject = {}) {
    this.#root = { ...initial };
  }

  /** Takes one `partialArgs` element; false when it cannot be placed, or when all of them are too large. */
  take(piece: unknown): boolean {
    if (!isJsonObject(piece)) return false;
    const { jsonPath, willContinue } = piece;
    const value = pieceValue(piece);
    if (typeof jsonPath !== 'string') return value === undefined;
    const isMore = this.#openPath === jsonPath;
    this.#openPath = willContinue === true ? jsonPath : null;
    if (value === undefined) return true;
    this.#characters += jsonPath.length + (typeof value === 'string' ? value.length : 0);
    if (this.#characters > CHARACTERS_MAX) return false;
    const steps = parsePath(jsonPath);
    return steps !== null && put(this.#root, steps, value, isMore);
  }

  /** The arguments so far, as JSON. */
  json(): string {
    return JSON.stringify(this.#root);
  }
}

function pieceValue({ stringValue, numberValue, boolValue, nullValue }: JsonObject): unknown {
  if (typeof stringValue === 'string') return stringValue;
  if (exactNumber(numberValue) !== null) return numberValue;
  if (typeof boolValue === 'boolean') return boolValue;
  return nullValue === undefined ? undefined : null;
}

// The steps of a path below `$`; null when it is none, or names the root itself.
function parsePath(path: string): readonly Step[] | null {
  if (!path.startsWith('$')) return null;
  const pattern = /\.([^.[\]]+)|\[(\d{1,9})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/y;
  const steps: Step[] = [];
  pattern.lastIndex = 1;
  while (pattern.lastIndex < path.length) {
    const match = pattern.exec(path);
    if (match === null || steps.length === STEPS_MAX) return null;
    const [, name, index, single, double] = match;
    const quoted = (single ?? double)?.replaceAll(/\\(.)/gs, '$1');
    steps.push(index === undefined ? (name ?? quoted ?? '') : Number(index));
  }
  return steps.length === 0 ? null : steps;
}

function put(root: JsonObject, steps: readonly Step[], value: unknown, isMore: boolean): boolean {
  let at: unknown = root;
  for (const [depth, step] of steps.entries()) {
    if (!fits(at, step)) return false;
    const before = Object.hasOwn(at, step) ? at[step] : undefined;
    const next = steps[depth + 1];
    if (next === undefined) {
      const isJoined = isMore && typeof before === 'string' && typeof value === 'string';
      write(at, step, isJoined ? before + value : value);
      return true;
    }
    const child = before ?? (typeof next === 'number' ? [] : {});
    write(at, step, child);
    at = child;
  }
  return false;
}

// A name off the wire may be `__proto__`, which plain assignment takes for something else.
function write(container: object, step: Step, value: unknown): void {
  const flags = { writable: true, enumerable: true, configurable: true };
  Object.defineProperty(container, step, { value, ...flags });
}

// An array has numbered places, an object named ones. Numbers that keep their spelling are frozen objects.
function fits(container: unknown, step: Step): container is Record<Step, unknown> {
  if (typeof step === 'number') {
    return Array.isArray(container) && step <= container.length + ARRAY_GAP_MAX;
  }
  return isJsonObject(container) && !Object.isFrozen(container);
}
