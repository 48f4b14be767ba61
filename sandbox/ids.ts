const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const ID_CHARACTERS = 22;

/** Makes identifiers that look like the providers': the same seed gives the same ones in the same order. */
export interface Ids {
  /** A prefix and 22 characters. */
  next(prefix: string): string;
}

/** Makes a source of identifiers. */
export function createIds(seed: number): Ids {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  // A counter with an avalanche step: cheap, and the order of calls is all that matters.
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    next(prefix) {
      let id = prefix;
      for (let left = ID_CHARACTERS; left > 0; left -= 2) {
        const number = random();
        id += ALPHABET.charAt(number % 58) + ALPHABET.charAt((number >>> 8) % 58);
      }
      return id;
    },
  };
}
