import { asBuffer } from './json.ts';

const NOTHING = Buffer.alloc(0);
/** Smaller pieces are joined, so that a peer that sends byte by byte costs no object per byte. */
const PIECE_BYTES_MIN = 16_384;

/** Bytes that arrived in pieces and are wanted whole later. Costs O(n log n) at worst, whatever the pieces. */
export class PieceList {
  #pieces: Buffer[] = [];
  #bytes = 0;

  /** How much is in. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a piece, which must stay as it is. */
  push(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#pieces.push(asBuffer(piece));
    this.#bytes += piece.length;
    this.#joinSmall();
  }

  /** The last bytes, at most this many. */
  last(bytesMax: number): Buffer {
    let from = this.#pieces.length;
    let found = 0;
    while (from > 0 && found < bytesMax) found += this.#pieces[--from]?.length ?? 0;
    return Buffer.concat(this.#pieces.slice(from)).subarray(-bytesMax);
  }

  /** Everything, in one piece; the list is empty afterwards. Copies only what came in several. */
  take(): Buffer {
    const [first = NOTHING, ...others] = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    return others.length === 0 ? first : Buffer.concat([first, ...others]);
  }

  // Joins equals with equals, as in the game 2048: few pieces remain, and each byte is copied few times.
  #joinSmall(): void {
    for (;;) {
      const last = this.#pieces.at(-1);
      const before = this.#pieces.at(-2);
      if (last === undefined || before === undefined) return;
      if (last.length >= PIECE_BYTES_MIN || last.length < before.length) return;
      this.#pieces.splice(-2, 2, Buffer.concat([before, last]));
    }
  }
}
