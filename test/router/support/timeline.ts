interface Entry {
  readonly atMs: number;
  readonly run: () => void;
}

/** What is to happen, in order of time; at one moment, in the order in which it was asked for. */
export class Timeline {
  readonly #entries: Entry[] = [];
  #nowMs: number;

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  at(atMs: number, run: () => void): void {
    // The soonest last.
    let place = this.#entries.length;
    while (place > 0 && (this.#entries[place - 1]?.atMs ?? 0) <= atMs) place -= 1;
    this.#entries.splice(place, 0, { atMs, run });
  }

  /** Runs until nothing is left; returns the time of the last. */
  run(): number {
    for (let next = this.#entries.pop(); next !== undefined; next = this.#entries.pop()) {
      this.#nowMs = next.atMs;
      next.run();
    }
    return this.#nowMs;
  }
}
