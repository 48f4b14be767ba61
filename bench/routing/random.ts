import { hashOf } from '../../router/hash.ts';

/** Gives 0 to 1, below 1. */
export type Random = () => number;

const STEP = 0x6d2b79f5;
const RANGE = 2 ** 32;

/** A source of random numbers that is its seed's own: mulberry32. */
export function createRandom(...seeds: readonly (string | number)[]): Random {
  let state = hashOf(seeds.join(' '));
  return () => {
    state = (state + STEP) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / RANGE;
  };
}

/** Evenly between two numbers. */
export function between(random: Random, min: number, max: number): number {
  return min + (max - min) * random();
}

/** Between two positive numbers, each order of magnitude as likely as another. */
export function logBetween(random: Random, min: number, max: number): number {
  return min * (max / min) ** random();
}

/** Log-normal with this median; `sigma` is the standard deviation of its logarithm. */
export function logNormal(random: Random, median: number, sigma: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return median * Math.exp(sigma * radius * Math.cos(2 * Math.PI * random()));
}

/** The same things in an order of the random source. */
export function shuffled<Thing>(random: Random, things: readonly Thing[]): readonly Thing[] {
  return things
    .map((thing) => ({ thing, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ thing }) => thing);
}
