import type { Splice } from './edit-body.ts';
import { asBuffer } from './json.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COLON = 0x3a;

/** Which member goes, and where it is not looked for. */
export interface NestedRemoval {
  /** The object that holds the member, by its own key. */
  readonly inside: string;
  readonly name: string;
  /** Keys below which everything belongs to the user: tool inputs, schemas. */
  readonly opaqueKeys: ReadonlySet<string>;
}

interface Level {
  readonly isObject: boolean;
  /** The key under which this value stands, or under which its array stands. */
  readonly key: string;
  readonly isOpaque: boolean;
  /** The key that was read last; empty inside an array. */
  memberKey: string;
  /** Where the member being read begins. */
  memberStart: number;
  /** The end of the member before it that stays; -1 when there is none. */
  keptEnd: number;
  /** Members removed since then. */
  removedSince: number;
}

/**
 * The splices that remove a member wherever it stands inside a certain object, at any depth.
 *
 * `body` must be valid JSON. One pass over the bytes, no value is built; call it only when the name may be there.
 */
export function nestedRemovals(body: Uint8Array, removal: NestedRemoval): readonly Splice[] {
  const bytes = asBuffer(body);
  const splices: Splice[] = [];
  const levels: Level[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    const level = levels.at(-1);
    if (byte === QUOTE) {
      const end = stringEnd(bytes, at);
      if (level?.isObject && level.memberKey === '' && isKey(bytes, end)) {
        level.memberKey = bytes.toString('utf8', at + 1, end - 1);
        level.memberStart = at;
      }
      at = end - 1;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      levels.push(levelBelow(level, byte === OPEN_BRACE, removal));
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (level !== undefined) endMember(level, at, { isLast: true, removal, splices });
      levels.pop();
    } else if (byte === COMMA && level !== undefined) {
      endMember(level, at, { isLast: false, removal, splices });
    }
  }
  return splices;
}

function levelBelow(parent: Level | undefined, isObject: boolean, removal: NestedRemoval): Level {
  const key = parent === undefined ? '' : parent.isObject ? parent.memberKey : parent.key;
  const isRemoved = parent?.key === removal.inside && key === removal.name;
  return {
    isObject,
    key,
    isOpaque: parent?.isOpaque === true || removal.opaqueKeys.has(key) || isRemoved,
    memberKey: '',
    memberStart: -1,
    keptEnd: -1,
    removedSince: 0,
  };
}

// A removed member takes the comma after it along; the last one takes the comma before it.
function endMember(
  level: Level,
  at: number,
  context: { isLast: boolean; removal: NestedRemoval; splices: Splice[] },
): void {
  const { isLast, removal, splices } = context;
  if (!level.isObject) return;
  const isRemoved =
    !level.isOpaque && level.key === removal.inside && level.memberKey === removal.name;
  if (!isRemoved) {
    level.keptEnd = at;
    level.removedSince = 0;
  } else if (isLast && level.keptEnd !== -1) {
    // One cut from the last member that stays; it covers those of its neighbours.
    splices.splice(splices.length - level.removedSince, level.removedSince);
    splices.push({ start: level.keptEnd, end: at, text: '' });
  } else {
    splices.push({ start: level.memberStart, end: isLast ? at : at + 1, text: '' });
    level.removedSince += 1;
  }
  level.memberKey = '';
}

function isKey(bytes: Buffer, end: number): boolean {
  let at = end;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  return bytes[at] === COLON;
}

// The offset after the closing quote.
function stringEnd(bytes: Buffer, start: number): number {
  for (let from = start + 1; ; ) {
    const quote = bytes.indexOf(QUOTE, from);
    if (quote === -1) return bytes.length;
    let slashes = 0;
    while (bytes[quote - 1 - slashes] === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return quote + 1;
    from = quote + 1;
  }
}
