import { LIMITS } from '../../config/limits.ts';

/** Longer than this many times what is usual is a stall. */
const USUAL_TIMES = 4;

/**
 * Whether one of the streams that wait for their headers, oldest start first, waits for more than 10 s and more than four
 * times what is usual. One that has waited for longer than any attempt may has been lost and no longer counts.
 */
export function isStalling(
  starts: Iterable<number>,
  usualFirstContentMs: number,
  nowMs: number,
): boolean {
  const patienceMs = Math.max(LIMITS.stallMs, USUAL_TIMES * usualFirstContentMs);
  for (const startMs of starts) {
    const ageMs = nowMs - startMs;
    if (ageMs <= LIMITS.firstByteMsMax) return ageMs > patienceMs;
  }
  return false;
}
