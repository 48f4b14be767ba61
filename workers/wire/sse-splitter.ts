import { PieceList } from '../piece-list.ts';

/** Looks at one whole event, at `start`..`end` of `bytes`; false = the stream is over before this event. */
export type EventListener = (bytes: Buffer, start: number, end: number) => boolean;

const LF = 0x0a;
const CR = 0x0d;
const BLANK_LINE = Buffer.from('\n\n');
/** The longest end of a piece that can belong to a blank line: CR LF CR. */
const BLANK_LINE_PREFIX_BYTES = 3;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const NOTHING = Buffer.alloc(0);

/**
 * Cuts a server-sent event stream, fed in pieces cut anywhere, after its last complete event.
 *
 * Bytes come out as they went in (subarrays where an event does not span pieces), but for a byte order mark, which is
 * taken off: a ping of the gateway may stand before it. Lines may end in LF, CRLF or CR. An event costs linear time
 * however many pieces it came in.
 */
export class SseSplitter {
  readonly #onEvent: EventListener;
  readonly #pending = new PieceList();
  #isFirst = true;
  /** Set by the first CR of the stream: JSON never holds one raw, so that most streams take the short path. */
  #hasCarriageReturns = false;

  constructor(onEvent: EventListener) {
    this.#onEvent = onEvent;
  }

  /** Bytes of the event that is not complete yet. The caller bounds it. */
  get pendingBytes(): number {
    return this.#pending.bytes;
  }

  /** Takes a piece; returns the bytes of the events that it completed. */
  push(piece: Uint8Array): Buffer {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    this.#hasCarriageReturns ||= bytes.includes(CR);
    const firstEnd = this.#firstEnd(bytes);
    if (firstEnd === -1) {
      this.#pending.push(bytes);
      return NOTHING;
    }
    const pendingBytes = this.#pending.bytes;
    if (pendingBytes === 0) return this.#cut(bytes, firstEnd);
    this.#pending.push(bytes);
    return this.#cut(this.#pending.take(), pendingBytes + firstEnd);
  }

  /** Takes what never became a whole event; the splitter is empty afterwards. */
  takeTail(): Buffer {
    const tail = this.#pending.take();
    return this.#isFirst ? withoutMark(tail) : tail;
  }

  #cut(bytes: Buffer, firstEnd: number): Buffer {
    let start = this.#isFirst && bytes.indexOf(BYTE_ORDER_MARK) === 0 ? BYTE_ORDER_MARK.length : 0;
    this.#isFirst = false;
    const from = start;
    for (let end = firstEnd; end !== -1; end = this.#eventEnd(bytes, start)) {
      if (!this.#onEvent(bytes, start, end)) return bytes.subarray(from, start);
      start = end;
    }
    this.#pending.push(bytes.subarray(start));
    return bytes.subarray(from, start);
  }

  // The blank line may lie across the seam between what is kept and the new piece.
  #firstEnd(bytes: Buffer): number {
    if (this.#pending.bytes > 0) {
      const before = this.#pending.last(BLANK_LINE_PREFIX_BYTES);
      const seam = Buffer.concat([before, bytes.subarray(0, BLANK_LINE_PREFIX_BYTES)]);
      const end = this.#eventEnd(seam, 0);
      if (end >= before.length) return end - before.length;
    }
    return this.#eventEnd(bytes, 0);
  }

  #eventEnd(bytes: Buffer, from: number): number {
    if (this.#hasCarriageReturns) return eventEndAnyLine(bytes, from);
    const at = bytes.indexOf(BLANK_LINE, from);
    return at === -1 ? -1 : at + BLANK_LINE.length;
  }
}

// The offset after the first two line ends in a row. A CR at the very end may be half a CRLF: it waits.
function eventEndAnyLine(bytes: Buffer, from: number): number {
  const { length } = bytes;
  for (let at = from; at < length; at++) {
    const first = bytes[at];
    if (first !== LF && first !== CR) continue;
    const next = first === CR && bytes[at + 1] === LF ? at + 2 : at + 1;
    if (bytes[next] === LF) return next + 1;
    if (bytes[next] !== CR) continue;
    if (next + 1 >= length) return -1;
    return bytes[next + 1] === LF ? next + 2 : next + 1;
  }
  return -1;
}

function withoutMark(bytes: Buffer): Buffer {
  return bytes.indexOf(BYTE_ORDER_MARK) === 0 ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes;
}
