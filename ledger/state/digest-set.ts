/** 64 bits that stand for an id, in two halves. The lowest bit of `low` is free for a flag. */
export interface Digest {
  readonly high: number;
  readonly low: number;
}

/** Clears the flag of a digest's lower half. */
const ID_BITS = 0xff_ff_ff_fe;
const SLOTS_MIN = 1_024;

/**
 * Digests in 16 bytes each or less, where a set of strings would take a hundred: an open hash table with linear probing.
 *
 * Two digests are equal whatever their flags.
 */
export class DigestSet {
  #slots: Uint32Array;
  #size = 0;

  /** `sizeExpected` saves growing. */
  constructor(sizeExpected = 0) {
    let slots = SLOTS_MIN;
    while (slots < 2 * sizeExpected) slots *= 2;
    this.#slots = new Uint32Array(2 * slots);
  }

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** The flag of a digest, 0 or 1; null = it is not there. */
  flagOf(digest: Digest): number | null {
    const slot = this.#find(digest);
    const low = this.#slots[slot + 1] ?? 0;
    return this.#isEmpty(slot) ? null : low & 1;
  }

  /** Adds a digest that is not there yet. */
  add({ high, low }: Digest): void {
    if (this.#size * 4 >= this.#slots.length) this.#grow();
    const slot = this.#find({ high, low });
    if (this.#isEmpty(slot)) this.#size += 1;
    this.#slots[slot] = high;
    this.#slots[slot + 1] = low;
  }

  /** Forgets a digest. */
  delete(digest: Digest): void {
    let hole = this.#find(digest);
    if (this.#isEmpty(hole)) return;
    this.#size -= 1;
    // What follows and would no longer be found moves into the hole.
    for (let slot = this.#next(hole); !this.#isEmpty(slot); slot = this.#next(slot)) {
      const home = this.#home(this.#slots[slot] ?? 0, this.#slots[slot + 1] ?? 0);
      const isBetween = hole <= slot ? hole < home && home <= slot : hole < home || home <= slot;
      if (isBetween) continue;
      this.#slots.copyWithin(hole, slot, slot + 2);
      hole = slot;
    }
    this.#slots.fill(0, hole, hole + 2);
  }

  #find({ high, low }: Digest): number {
    let slot = this.#home(high, low);
    while (!this.#isEmpty(slot) && !this.#holds(slot, high, low)) slot = this.#next(slot);
    return slot;
  }

  #holds(slot: number, high: number, low: number): boolean {
    const isSameLow = (((this.#slots[slot + 1] ?? 0) ^ low) & ID_BITS) === 0;
    return this.#slots[slot] === high >>> 0 && isSameLow;
  }

  // `digestOf` makes no digest whose halves are both 0.
  #isEmpty(slot: number): boolean {
    return this.#slots[slot] === 0 && ((this.#slots[slot + 1] ?? 0) & ID_BITS) === 0;
  }

  #home(high: number, low: number): number {
    return (((high ^ (low & ID_BITS)) >>> 0) % (this.#slots.length / 2)) * 2;
  }

  #next(slot: number): number {
    return slot + 2 === this.#slots.length ? 0 : slot + 2;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    this.#size = 0;
    for (let slot = 0; slot < old.length; slot += 2) {
      const high = old[slot] ?? 0;
      const low = old[slot + 1] ?? 0;
      if (high !== 0 || (low & ID_BITS) !== 0) this.add({ high, low });
    }
  }
}

/** The digest of an id: two lanes of multiplication and rotation, mixed at the end (after MurmurHash3). Never 0, no flag. */
export function digestOf(id: string): Digest {
  let high = 0x9e_37_79_b9;
  let low = 0x85_eb_ca_6b;
  for (let index = 0; index < id.length; index += 1) {
    const code = id.charCodeAt(index);
    high = Math.imul(high ^ code, 0xcc_9e_2d_51);
    high = (high << 15) | (high >>> 17);
    low = Math.imul(low ^ code, 0x1b_87_35_93);
    low = (low << 13) | (low >>> 19);
  }
  high = mixed(high ^ Math.imul(low, 0x5b_d1_e9_95) ^ id.length);
  low = mixed(low ^ Math.imul(high, 0x27_d4_eb_2f));
  return { high: high === 0 ? 1 : high, low: (low & ID_BITS) >>> 0 };
}

function mixed(bits: number): number {
  let mixing = bits ^ (bits >>> 16);
  mixing = Math.imul(mixing, 0x85_eb_ca_6b);
  mixing ^= mixing >>> 13;
  mixing = Math.imul(mixing, 0xc2_b2_ae_35);
  return (mixing ^ (mixing >>> 16)) >>> 0;
}
