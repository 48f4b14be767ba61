import { LIMITS } from '../../config/limits.ts';
import { DigestSet, digestOf } from './digest-set.ts';

/** A full chunk of ids: written once, under its number. */
export interface IdChunk {
  readonly number: number;
  /** Digests in the order in which attempts ended: two u32le each. */
  readonly bytes: Uint8Array;
}

/** Where ids stand in a snapshot: chunks from `first` to before `next` are keys of their own. */
export interface PackedIds {
  readonly first: number;
  readonly next: number;
  /** The chunk that is not full yet, base64. */
  readonly open: string;
}

const NUMBERS_PER_CHUNK = LIMITS.ledgerIdsPerChunkMax * 2;
const CHUNKS_MAX = Math.ceil(LIMITS.ledgerIdsMax / LIMITS.ledgerIdsPerChunkMax);

/** Remembers the last `ledgerIdsMax` attempts that have ended: each counts once, in whatever order events come. */
export class ClosedIds {
  readonly #digests: DigestSet;
  /** The full chunks, oldest first. */
  readonly #chunks = new Map<number, Uint32Array>();
  #open = new Uint32Array(NUMBERS_PER_CHUNK);
  #openNumbers = 0;
  #first = 0;
  #next = 0;

  /** `sizeExpected` saves growing. */
  constructor(sizeExpected = 0) {
    this.#digests = new DigestSet(sizeExpected);
  }

  /** How many are remembered. */
  get size(): number {
    return this.#digests.size;
  }

  /** Number of the oldest chunk that counts; older ones may be deleted. */
  get first(): number {
    return this.#first;
  }

  /** How an attempt ended that was counted: null = it was not. */
  endOf(attemptId: string): 'lost' | 'known' | null {
    const flag = this.#digests.flagOf(digestOf(attemptId));
    if (flag === null) return null;
    return flag === 1 ? 'lost' : 'known';
  }

  /** Remembers an attempt that was not there. Returns the chunk that has become full by it, or null. */
  add(attemptId: string, isLost: boolean): IdChunk | null {
    const digest = digestOf(attemptId);
    const low = isLost ? (digest.low | 1) >>> 0 : digest.low;
    this.#digests.add({ high: digest.high, low });
    this.#open[this.#openNumbers] = digest.high;
    this.#open[this.#openNumbers + 1] = low;
    this.#openNumbers += 2;
    if (this.#openNumbers < NUMBERS_PER_CHUNK) return null;
    const full = this.#open;
    const number = this.#next;
    this.#open = new Uint32Array(NUMBERS_PER_CHUNK);
    this.#openNumbers = 0;
    this.#next += 1;
    this.#chunks.set(number, full);
    if (this.#chunks.size > CHUNKS_MAX) this.#dropFirst();
    return { number, bytes: bytesOf(full) };
  }

  /** For the snapshot. */
  pack(): PackedIds {
    const open = Buffer.from(bytesOf(this.#open.subarray(0, this.#openNumbers)));
    return { first: this.#first, next: this.#next, open: open.toString('base64') };
  }

  /** Reads what `pack` wrote, with the chunks in order. */
  static unpack({ first, next, open }: PackedIds, chunks: readonly Uint8Array[]): ClosedIds {
    const ids = new ClosedIds((next - first) * LIMITS.ledgerIdsPerChunkMax);
    ids.#first = first;
    ids.#next = next;
    for (const [index, bytes] of chunks.entries()) {
      const numbers = numbersOf(bytes);
      ids.#chunks.set(first + index, numbers);
      ids.#addAll(numbers);
    }
    const numbers = numbersOf(Buffer.from(open, 'base64'));
    ids.#open.set(numbers);
    ids.#openNumbers = numbers.length;
    ids.#addAll(numbers);
    return ids;
  }

  #addAll(numbers: Uint32Array): void {
    for (let index = 0; index < numbers.length; index += 2) {
      this.#digests.add({ high: numbers[index] ?? 0, low: numbers[index + 1] ?? 0 });
    }
  }

  #dropFirst(): void {
    const numbers = this.#chunks.get(this.#first) ?? new Uint32Array(0);
    for (let index = 0; index < numbers.length; index += 2) {
      this.#digests.delete({ high: numbers[index] ?? 0, low: numbers[index + 1] ?? 0 });
    }
    this.#chunks.delete(this.#first);
    this.#first += 1;
  }
}

function bytesOf(numbers: Uint32Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(numbers.length * 4);
  for (const [index, number] of numbers.entries()) bytes.writeUInt32LE(number, index * 4);
  return bytes;
}

// Bytes of a message need not lie where numbers may.
function numbersOf(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = new Uint32Array(bytes.length / 4);
  for (let index = 0; index < numbers.length; index += 1) {
    numbers[index] = view.getUint32(index * 4, true);
  }
  return numbers;
}
