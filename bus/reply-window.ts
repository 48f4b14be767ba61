import type { Parcel } from './parcel.ts';

/** A sent message that the receiver has not acknowledged yet. */
interface Unacknowledged {
  readonly message: Parcel;
  /** The sequence number after the message's last frame. */
  readonly nextSequence: number;
  /** Bytes of answer in it: what counts against the window. */
  readonly dataBytes: number;
}

/**
 * The sending half of a reply stream's flow control: what was sent and not acknowledged.
 *
 * It is the retransmission buffer and the credit in one: bounded by the window, because the sender stops reading its
 * upstream while `hasRoom` is false. No I/O, no clock.
 */
export class ReplyWindow {
  readonly #bytesMax: number;
  readonly #unacknowledged: Unacknowledged[] = [];
  #dataBytes = 0;
  #nextSequence = 0;
  #acknowledged = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The sequence number of the next frame. */
  get nextSequence(): number {
    return this.#nextSequence;
  }

  /** Bytes of answer that are out and unacknowledged. */
  get dataBytes(): number {
    return this.#dataBytes;
  }

  /** False while unacknowledged and `queuedBytes` together fill the window. */
  hasRoom(queuedBytes: number): boolean {
    return this.#dataBytes + queuedBytes < this.#bytesMax;
  }

  /** True when everything sent was acknowledged. */
  get isEmpty(): boolean {
    return this.#unacknowledged.length === 0;
  }

  /** Takes the next `count` sequence numbers and returns the first. */
  takeSequences(count: number): number {
    const first = this.#nextSequence;
    this.#nextSequence += count;
    return first;
  }

  /** Remembers a message that holds all frames up to the last taken sequence number. */
  sent(message: Parcel, dataBytes: number): void {
    this.#unacknowledged.push({ message, nextSequence: this.#nextSequence, dataBytes });
    this.#dataBytes += dataBytes;
  }

  /** Forgets messages whose frames are all below `sequence`. Old and impossible values do nothing. */
  acknowledge(sequence: number): void {
    if (sequence <= this.#acknowledged || sequence > this.#nextSequence) return;
    this.#acknowledged = sequence;
    let done = 0;
    for (const entry of this.#unacknowledged) {
      if (entry.nextSequence > sequence) break;
      this.#dataBytes -= entry.dataBytes;
      done += 1;
    }
    this.#unacknowledged.splice(0, done);
  }

  /** The messages to send again, in order. */
  unacknowledged(): readonly Parcel[] {
    return this.#unacknowledged.map((entry) => entry.message);
  }
}
