import { isUtf8 } from 'node:buffer';
import type { FieldSpan } from './envelope.ts';
import { JsonScanError } from './json-scan-error.ts';
import { BYTE, byteAt, skipSpace, skipString, unexpected } from './json-scan-token.ts';
import { createNesting, type JsonScanLimits, type Nesting, skipValue } from './json-scan-value.ts';

/** The bounds of `scanTopLevel`, and the fields that may not stand twice. */
export interface TopLevelScanOptions extends JsonScanLimits {
  readonly topLevelFieldsMax: number;
  readonly topLevelFieldNameBytesMax: number;
  /** Field names of which a second one, however it is spelled, is an error. */
  readonly uniqueFields: readonly string[];
}

/** What `scanTopLevel` found. */
export interface TopLevelScan {
  /** The fields of the top-level object, in order. */
  readonly fields: readonly FieldSpan[];
  /** Per field: the members of its array or object; 0 for anything else. */
  readonly itemCounts: readonly number[];
  /** Levels of nesting, 1 for an object of scalars. */
  readonly depth: number;
}

/** A value without members. */
export type JsonScalar = string | number | boolean | null;

/**
 * Finds the top-level fields of a JSON object without building any value.
 *
 * Accepts exactly the bytes that are UTF-8 and that JSON.parse turns into an object, within the limits. Costs one
 * pass and no memory beyond the result. Throws JsonScanError.
 */
export function scanTopLevel(body: Uint8Array, options: TopLevelScanOptions): TopLevelScan {
  // One class of array for every caller keeps the loops monomorphic.
  const bytes = asBuffer(body);
  if (!isUtf8(bytes)) {
    throw new JsonScanError('encoding', 'the text is not UTF-8', firstInvalidUtf8(bytes));
  }
  const scan = { fields: [] as FieldSpan[], itemCounts: [] as number[] };
  const nesting = createNesting(options);
  const end = scanObject(bytes, scan, { nesting, options });
  const rest = skipSpace(bytes, end);
  if (rest < bytes.length) throw unexpected(bytes, rest, 'nothing after the object');
  return { ...scan, depth: nesting.depth };
}

/** Reads the value of a field that `scanTopLevel` found; undefined when it is an object or an array. */
export function readScalar(body: Uint8Array, field: FieldSpan): JsonScalar | undefined {
  const first = byteAt(body, field.valueStart);
  if (first === BYTE.openBrace || first === BYTE.openBracket) return undefined;
  return JSON.parse(asBuffer(body).toString('utf8', field.valueStart, field.valueEnd));
}

interface FoundFields {
  readonly fields: FieldSpan[];
  readonly itemCounts: number[];
}

interface ScanContext {
  readonly nesting: Nesting;
  readonly options: TopLevelScanOptions;
}

function scanObject(bytes: Buffer, found: FoundFields, context: ScanContext): number {
  const { nesting, options } = context;
  const seen = new Set<string>();
  let at = skipSpace(bytes, 0);
  if (byteAt(bytes, at) !== BYTE.openBrace) throw unexpected(bytes, at, 'an object');
  at = skipSpace(bytes, at + 1);
  if (byteAt(bytes, at) === BYTE.closeBrace) return at + 1;
  for (;;) {
    const keyStart = at;
    if (byteAt(bytes, at) !== BYTE.quote) throw unexpected(bytes, at, 'a key in quotes');
    const keyEnd = skipString(bytes, keyStart);
    checkTopLevelKey(found.fields.length, keyEnd - keyStart - 2, { keyStart, options });
    const name = keyName(bytes, keyStart, keyEnd);
    if (seen.has(name) && options.uniqueFields.includes(name)) {
      throw new JsonScanError('duplicate', `${name}: the field stands twice`, keyStart);
    }
    seen.add(name);
    at = skipSpace(bytes, keyEnd);
    if (byteAt(bytes, at) !== BYTE.colon) throw unexpected(bytes, at, "':' after a key");
    const valueStart = skipSpace(bytes, at + 1);
    const valueEnd = skipValue(bytes, valueStart, nesting);
    found.fields.push({ name, keyStart, valueStart, valueEnd });
    found.itemCounts.push(nesting.itemCount);
    at = skipSpace(bytes, valueEnd);
    const next = byteAt(bytes, at);
    if (next === BYTE.closeBrace) return at + 1;
    if (next !== BYTE.comma) throw unexpected(bytes, at, "',' or '}'");
    at = skipSpace(bytes, at + 1);
  }
}

// Keys travel to the workers with every attempt: they must stay small beside the body.
function checkTopLevelKey(
  fieldsBefore: number,
  keyBytes: number,
  context: { keyStart: number; options: TopLevelScanOptions },
): void {
  const { topLevelFieldsMax, topLevelFieldNameBytesMax } = context.options;
  if (fieldsBefore >= topLevelFieldsMax) {
    const message = `more than ${topLevelFieldsMax} top-level fields`;
    throw new JsonScanError('limit', message, context.keyStart);
  }
  if (keyBytes > topLevelFieldNameBytesMax) {
    const message = `a top-level field name of more than ${topLevelFieldNameBytesMax} bytes`;
    throw new JsonScanError('limit', message, context.keyStart);
  }
}

function keyName(bytes: Buffer, keyStart: number, keyEnd: number): string {
  const raw = bytes.toString('utf8', keyStart + 1, keyEnd - 1);
  return raw.includes('\\') ? JSON.parse(`"${raw}"`) : raw;
}

// Halves the range to a few bytes, then goes character by character: only refused bodies pay for it.
function firstInvalidUtf8(bytes: Buffer): number {
  let validEnd = 0;
  let invalidEnd = bytes.length;
  while (invalidEnd - validEnd > 8) {
    let middle = (validEnd + invalidEnd) >> 1;
    const middleMin = middle - 3;
    while (middle > middleMin && (byteAt(bytes, middle) & 0xc0) === 0x80) middle--;
    if (isUtf8(bytes.subarray(validEnd, middle))) validEnd = middle;
    else invalidEnd = middle;
  }
  for (;;) {
    const length = [1, 2, 3, 4].find((n) => isUtf8(bytes.subarray(validEnd, validEnd + n)));
    if (length === undefined) return validEnd;
    validEnd += length;
  }
}

function asBuffer(body: Uint8Array): Buffer {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}
