import { z } from 'zod';

const NEVER = Number.NEGATIVE_INFINITY;

/** Slots of a `SlidingShare`, newest first: `[age in slots, all, marked]`. */
export const slidingShareSchema = z.array(
  z.tuple([z.number().int().min(0).max(64), z.number().int().min(0), z.number().int().min(0)]),
);

/**
 * Counts events of the last `slots` slots of `slotMs` milliseconds, and how many of them were marked, e.g. as failed.
 * The running slot counts as one of them.
 */
export class SlidingShare {
  readonly #slotMs: number;
  readonly #numbers: number[];
  readonly #all: number[];
  readonly #marked: number[];

  constructor({ slotMs, slots }: { slotMs: number; slots: number }) {
    this.#slotMs = slotMs;
    this.#numbers = new Array<number>(slots).fill(NEVER);
    this.#all = new Array<number>(slots).fill(0);
    this.#marked = new Array<number>(slots).fill(0);
  }

  add(isMarked: boolean, nowMs: number): void {
    this.#count(Math.floor(nowMs / this.#slotMs), 1, isMarked ? 1 : 0);
  }

  count(nowMs: number): { readonly all: number; readonly marked: number } {
    const oldest = Math.floor(nowMs / this.#slotMs) - this.#numbers.length + 1;
    let all = 0;
    let marked = 0;
    for (let index = 0; index < this.#numbers.length; index++) {
      if ((this.#numbers[index] ?? NEVER) < oldest) continue;
      all += this.#all[index] ?? 0;
      marked += this.#marked[index] ?? 0;
    }
    return { all, marked };
  }

  clear(): void {
    this.#numbers.fill(NEVER);
  }

  /** See `slidingShareSchema`. */
  snapshot(nowMs: number): z.infer<typeof slidingShareSchema> {
    const newest = Math.floor(nowMs / this.#slotMs);
    return this.#numbers
      .map((number, index): [number, number, number] => [
        newest - number,
        this.#all[index] ?? 0,
        this.#marked[index] ?? 0,
      ])
      .filter(([age, all]) => age >= 0 && age < this.#numbers.length && all > 0)
      .toSorted(([first], [second]) => first - second);
  }

  /** Replaces what was counted. */
  restore(from: z.infer<typeof slidingShareSchema>, nowMs: number): void {
    this.clear();
    const newest = Math.floor(nowMs / this.#slotMs);
    for (const [age, all, marked] of from) {
      if (age < this.#numbers.length) this.#count(newest - age, all, Math.min(all, marked));
    }
  }

  #count(number: number, all: number, marked: number): void {
    const slots = this.#numbers.length;
    const index = ((number % slots) + slots) % slots;
    if (this.#numbers[index] !== number) {
      this.#numbers[index] = number;
      this.#all[index] = 0;
      this.#marked[index] = 0;
    }
    this.#all[index] = (this.#all[index] ?? 0) + all;
    this.#marked[index] = (this.#marked[index] ?? 0) + marked;
  }
}
