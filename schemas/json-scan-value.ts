import { JsonScanError } from './json-scan-error.ts';
import {
  BYTE,
  byteAt,
  skipNumberOrLiteral,
  skipSpace,
  skipString,
  unexpected,
} from './json-scan-token.ts';

/** The bounds of what one scan accepts. */
export interface JsonScanLimits {
  /** Containers inside one another, the top-level object included. */
  readonly jsonDepthMax: number;
  readonly jsonKeysPerObjectMax: number;
}

/** The containers open during one scan, and what the scan has seen. */
export interface Nesting {
  readonly limits: JsonScanLimits;
  /** Per level: 1 = an object, 0 = an array. Level 1 is the top-level object. */
  readonly isObject: Uint8Array;
  /** Per level: commas so far, so one less than the members. */
  readonly commas: Uint32Array;
  /** The deepest level reached. */
  depth: number;
  /** Members of the container that `skipValue` skipped last; 0 for a scalar. */
  itemCount: number;
}

// Scans never overlap, and arrays of this size cost more to make than a small scan.
let isObjectAtLevel = new Uint8Array(0);
let commasAtLevel = new Uint32Array(0);

/** Makes the state for one scan; it is valid until the next one begins. */
export function createNesting(limits: JsonScanLimits): Nesting {
  const levels = limits.jsonDepthMax + 1;
  if (isObjectAtLevel.length < levels) {
    isObjectAtLevel = new Uint8Array(levels);
    commasAtLevel = new Uint32Array(levels);
  }
  return { limits, isObject: isObjectAtLevel, commas: commasAtLevel, depth: 1, itemCount: 0 };
}

/**
 * Returns the offset after the value at `start`, a member of the top-level object, whatever it holds.
 *
 * Strict all the way down, without recursion. Throws JsonScanError.
 */
export function skipValue(body: Uint8Array, start: number, nesting: Nesting): number {
  let level = 1;
  let at = start;
  nesting.itemCount = 0;
  for (;;) {
    const byte = byteAt(body, at);
    if (byte === BYTE.quote) {
      at = skipString(body, at);
    } else if (byte === BYTE.openBrace || byte === BYTE.openBracket) {
      const isObject = byte === BYTE.openBrace;
      enter(nesting, ++level, at, isObject);
      at = skipSpace(body, at + 1);
      if (byteAt(body, at) !== (isObject ? BYTE.closeBrace : BYTE.closeBracket)) {
        if (isObject) at = skipKey(body, at);
        continue;
      }
      level--;
      at++;
    } else {
      at = skipNumberOrLiteral(body, at);
    }
    for (;;) {
      if (level === 1) return at;
      at = skipSpace(body, at);
      const isObject = nesting.isObject[level] === 1;
      const next = byteAt(body, at);
      if (next === BYTE.comma) {
        countComma(nesting, level, at, isObject);
        at = skipSpace(body, at + 1);
        if (isObject) at = skipKey(body, at);
        break;
      }
      if (next !== (isObject ? BYTE.closeBrace : BYTE.closeBracket)) {
        throw unexpected(body, at, isObject ? "',' or '}'" : "',' or ']'");
      }
      nesting.itemCount = (nesting.commas[level] as number) + 1; // level <= jsonDepthMax
      level--;
      at++;
    }
  }
}

/** Returns the offset of the value that belongs to the key at `start`. Throws JsonScanError. */
export function skipKey(body: Uint8Array, start: number): number {
  if (byteAt(body, start) !== BYTE.quote) throw unexpected(body, start, 'a key in quotes');
  const at = skipSpace(body, skipString(body, start));
  if (byteAt(body, at) !== BYTE.colon) throw unexpected(body, at, "':' after a key");
  return skipSpace(body, at + 1);
}

function enter(nesting: Nesting, level: number, at: number, isObject: boolean): void {
  const { jsonDepthMax } = nesting.limits;
  if (level > jsonDepthMax) {
    throw new JsonScanError('limit', `more than ${jsonDepthMax} levels of nesting`, at);
  }
  nesting.isObject[level] = isObject ? 1 : 0;
  nesting.commas[level] = 0;
  if (level > nesting.depth) nesting.depth = level;
}

function countComma(nesting: Nesting, level: number, at: number, isObject: boolean): void {
  const commas = (nesting.commas[level] as number) + 1; // level <= jsonDepthMax
  nesting.commas[level] = commas;
  const { jsonKeysPerObjectMax } = nesting.limits;
  if (isObject && commas >= jsonKeysPerObjectMax) {
    throw new JsonScanError('limit', `more than ${jsonKeysPerObjectMax} keys in one object`, at);
  }
}
