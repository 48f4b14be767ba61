import { PieceList } from '../piece-list.ts';

/** Collects a body up to a limit. */
export class BodyCollector {
  readonly #bytesMax: number;
  readonly #pieces = new PieceList();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Takes a piece; false = it is too much, and was left out. */
  push(piece: Uint8Array): boolean {
    if (this.#pieces.bytes + piece.length > this.#bytesMax) return false;
    this.#pieces.push(piece);
    return true;
  }

  /** The body so far; the collector is empty afterwards. */
  take(): Uint8Array {
    return this.#pieces.take();
  }
}
