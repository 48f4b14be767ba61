/** What a process waits for: milliseconds, or the end of others that start now. */
export type Wait = number | readonly Process<void>[];
/** Something that goes on in virtual time. */
export type Process<Result> = Generator<Wait, Result, void>;

interface Event {
  readonly atMs: number;
  /** Events of one moment happen in the order they were planned. */
  readonly order: number;
  readonly happen: () => void;
}

/** Virtual time: what is planned happens in order, and nobody waits for it. */
export class Timeline {
  #nowMs: number;
  #planned = 0;
  /** A binary heap: the earliest event first. */
  readonly #events: Event[] = [];

  /** Unix milliseconds at which it begins. */
  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Plans something. */
  after(delayMs: number, happen: () => void): void {
    const event = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#planned++, happen };
    const events = this.#events;
    let place = events.push(event) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = events[parent];
      if (above === undefined || !isBefore(event, above)) break;
      events[place] = above;
      place = parent;
    }
    events[place] = event;
  }

  /** Starts a process now. */
  start(process: Process<void>, ended: () => void = () => {}): void {
    const goOn = (): void => {
      const { done, value } = process.next();
      if (done === true) ended();
      else if (typeof value === 'number') this.after(value, goOn);
      else this.#startAll(value, goOn);
    };
    goOn();
  }

  /** Lets everything happen. */
  run(): void {
    for (let event = this.#next(); event !== null; event = this.#next()) {
      this.#nowMs = event.atMs;
      event.happen();
    }
  }

  #startAll(processes: readonly Process<void>[], ended: () => void): void {
    let open = processes.length;
    if (open === 0) this.after(0, ended);
    for (const process of processes) {
      this.start(process, () => {
        open -= 1;
        if (open === 0) ended();
      });
    }
  }

  #next(): Event | null {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (first === undefined || last === undefined) return null;
    if (events.length === 0) return first;
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      const [one, other] = [events[left], events[left + 1]];
      if (one === undefined) break;
      const child = other !== undefined && isBefore(other, one) ? left + 1 : left;
      const below = child === left || other === undefined ? one : other;
      if (!isBefore(below, last)) break;
      events[place] = below;
      place = child;
    }
    events[place] = last;
    return first;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs === other.atMs ? one.order < other.order : one.atMs < other.atMs;
}
