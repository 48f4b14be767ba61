import type { FieldSpan } from '../schemas/envelope.ts';
import { asBuffer } from './json.ts';

/** Bytes `start`..`end` of a body become `text`. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What becomes of the top-level fields. Values are JSON text. */
export interface FieldEdits {
  /** Fields that get this value; those that are missing are put before the first field. */
  readonly set?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
}

/**
 * Cuts a body at the splices and returns its pieces: views of the body and the new texts, nothing copied. Without
 * splices the body itself is the only piece.
 *
 * Splices must not overlap.
 */
export function spliceBody(body: Uint8Array, splices: readonly Splice[]): readonly Uint8Array[] {
  if (splices.length === 0) return [body];
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { start, end, text } of splices.toSorted(
    (a, b) => a.start - b.start || a.end - b.end,
  )) {
    if (start > at) pieces.push(body.subarray(at, start));
    if (text !== '') pieces.push(Buffer.from(text));
    at = end;
  }
  if (at < body.length) pieces.push(body.subarray(at));
  return pieces;
}

/** The splices that edit top-level fields; the bytes of every other field stay as they are. */
export function fieldSplices(
  body: Uint8Array,
  fields: readonly FieldSpan[],
  { set = {}, remove = [] }: FieldEdits,
): readonly Splice[] {
  const removed = new Set(remove);
  const splices: Splice[] = removalSplices(fields, removed);
  const present = new Set(fields.map(({ name }) => name));
  for (const { name, valueStart, valueEnd } of fields) {
    // A client's field may be called `__proto__`.
    const text = Object.hasOwn(set, name) ? set[name] : undefined;
    if (text !== undefined) splices.push({ start: valueStart, end: valueEnd, text });
  }
  const added = Object.entries(set).filter(([name]) => !present.has(name));
  if (added.length === 0) return splices;
  const isEmpty = fields.every(({ name }) => removed.has(name));
  const text = added.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',');
  const start = fields[0]?.keyStart ?? asBuffer(body).indexOf('{') + 1;
  return [{ start, end: start, text: isEmpty ? text : `${text},` }, ...splices];
}

// A run of removed fields takes the comma after it along, the last run the one before it.
function removalSplices(fields: readonly FieldSpan[], removed: ReadonlySet<string>): Splice[] {
  const splices: Splice[] = [];
  for (let at = 0; at < fields.length; ) {
    let next = at;
    while (next < fields.length && removed.has(fields[next]?.name ?? '')) next++;
    if (next > at) {
      const start = cutStart(fields, at, next);
      const end = fields[next]?.keyStart ?? fields[next - 1]?.valueEnd ?? start;
      splices.push({ start, end, text: '' });
    }
    at = next + 1;
  }
  return splices;
}

function cutStart(fields: readonly FieldSpan[], from: number, next: number): number {
  const isLast = next === fields.length;
  const before = isLast ? fields[from - 1]?.valueEnd : undefined;
  return before ?? fields[from]?.keyStart ?? 0;
}
