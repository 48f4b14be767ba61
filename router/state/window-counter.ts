const MINUTE_MS = 60_000;
const BUCKETS_SHORT = 12;
const BUCKETS_LONG = 24;

/**
 * Counts over a sliding period, in buckets: twelve up to a minute, 24 beyond. The bucket that is just leaving the period
 * counts wholly: rather too much for a moment than too little.
 */
export class WindowCounter {
  /** The length of one bucket. */
  readonly bucketMs: number;
  readonly #buckets: number;
  readonly #indexes: number[];
  readonly #amounts: number[];

  constructor(periodMs: number) {
    this.#buckets = periodMs <= MINUTE_MS ? BUCKETS_SHORT : BUCKETS_LONG;
    this.bucketMs = periodMs / this.#buckets;
    this.#indexes = new Array<number>(this.#buckets + 1).fill(Number.NEGATIVE_INFINITY);
    this.#amounts = new Array<number>(this.#buckets + 1).fill(0);
  }

  /** Counts at a moment, also a past one; a negative amount takes back. What has left the period is nothing to change. */
  add(atMs: number, amount: number): void {
    this.#addTo(Math.floor(atMs / this.bucketMs), amount);
  }

  /** What the period up to now holds. */
  sum(nowMs: number): number {
    return this.#sumFrom(Math.floor(nowMs / this.bucketMs) - this.#buckets);
  }

  /** The same, since a moment: the bucket of that moment counts. */
  sumSince(sinceMs: number, nowMs: number): number {
    const oldest = Math.floor(nowMs / this.bucketMs) - this.#buckets;
    return this.#sumFrom(Math.max(oldest, Math.floor(sinceMs / this.bucketMs)));
  }

  /** Milliseconds until `amount` of it has left the period; the whole period when it holds less. */
  freesIn(amount: number, nowMs: number): number {
    const live = this.entries(nowMs);
    let freed = 0;
    for (const [index, counted] of live) {
      freed += counted;
      if (freed >= amount) return (index + this.#buckets + 1) * this.bucketMs - nowMs;
    }
    return this.#buckets * this.bucketMs;
  }

  /** Buckets of the period that hold something, oldest first: [index, amount]. */
  entries(nowMs: number): [index: number, amount: number][] {
    const oldest = Math.floor(nowMs / this.bucketMs) - this.#buckets;
    return this.#indexes
      .map((index, slot): [number, number] => [index, this.#amounts[slot] ?? 0])
      .filter(([index, amount]) => index >= oldest && amount > 0)
      .sort(([a], [b]) => a - b);
  }

  /** Takes over entries of another counter of the same period. */
  load(entries: readonly (readonly [index: number, amount: number])[]): void {
    for (const [index, amount] of entries) this.#addTo(index, amount);
  }

  #addTo(index: number, amount: number): void {
    const slots = this.#indexes.length;
    const slot = ((index % slots) + slots) % slots;
    const held = this.#indexes[slot] ?? 0;
    if (held > index) return;
    if (held < index) {
      this.#indexes[slot] = index;
      this.#amounts[slot] = 0;
    }
    this.#amounts[slot] = Math.max(0, (this.#amounts[slot] ?? 0) + amount);
  }

  #sumFrom(oldest: number): number {
    let sum = 0;
    for (let slot = 0; slot < this.#indexes.length; slot += 1) {
      if ((this.#indexes[slot] ?? 0) >= oldest) sum += this.#amounts[slot] ?? 0;
    }
    return sum;
  }
}
