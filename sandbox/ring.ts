/** The newest `capacity` items. */
export interface Ring<Item> {
  /** Adds an item; returns the one that fell out. */
  push(item: Item): Item | undefined;
  /** All items, oldest first. */
  toArray(): Item[];
  clear(): void;
}

/** Makes an empty ring. */
export function createRing<Item>(capacity: number): Ring<Item> {
  let items: Item[] = [];
  let oldest = 0;
  return {
    push(item) {
      if (items.length < capacity) {
        items.push(item);
        return undefined;
      }
      const fallen = items[oldest];
      items[oldest] = item;
      oldest = (oldest + 1) % capacity;
      return fallen;
    },
    toArray: () => [...items.slice(oldest), ...items.slice(0, oldest)],
    clear() {
      items = [];
      oldest = 0;
    },
  };
}
