interface Slot<Value> {
  value: Value | null;
}

/**
 * A map of what comes and goes by the thousand, in the order of its coming.
 *
 * After some deletions a Map moves into a new table, and the old one points to it: once one of them is old, V8 keeps
 * all that follow until its next full collection, and whatever they held. Here they hold slots, and those are empty.
 */
export class PassingMap<Key extends string | number, Value extends object> {
  readonly #slots = new Map<Key, Slot<Value>>();

  get size(): number {
    return this.#slots.size;
  }

  get(key: Key): Value | undefined {
    return this.#slots.get(key)?.value ?? undefined;
  }

  set(key: Key, value: Value): void {
    this.delete(key);
    this.#slots.set(key, { value });
  }

  delete(key: Key): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    slot.value = null;
    this.#slots.delete(key);
  }

  *entries(): IterableIterator<[Key, Value]> {
    for (const [key, { value }] of this.#slots) if (value !== null) yield [key, value];
  }

  *values(): IterableIterator<Value> {
    for (const { value } of this.#slots.values()) if (value !== null) yield value;
  }
}
