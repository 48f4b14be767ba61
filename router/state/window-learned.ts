import { LIMITS } from '../../config/limits.ts';

const TAUGHT_SHARE = 0.9;
const USED_SHARE_MIN = 0.7;
const RISE = 1.05;

/** A limit that a refusal taught, where nobody names one. */
export interface Learned {
  limit: number;
  /** The last refusal. */
  taughtAtMs: number;
  /** The period in which use is being watched, and the most that was used in it. */
  periodStartMs: number;
  peak: number;
}

/** What a refusal teaches: a little less than what was counted. Its use is watched when that has left the period. */
export function learned(counted: number, periodMs: number, nowMs: number): Learned {
  return {
    limit: Math.max(1, Math.floor(counted * TAUGHT_SHARE)),
    taughtAtMs: nowMs,
    periodStartMs: nowMs + periodMs,
    peak: 0,
  };
}

/** Notes use: a limit that was nearly used up for a period without a refusal rises. */
export function watchUse(known: Learned, used: number, periodMs: number, nowMs: number): void {
  if (nowMs < known.periodStartMs) return;
  if (nowMs >= known.periodStartMs + periodMs) {
    if (known.peak >= known.limit * USED_SHARE_MIN) known.limit *= RISE;
    known.periodStartMs = nowMs;
    known.peak = 0;
  }
  known.peak = Math.max(known.peak, used);
}

/** Notes a refusal that teaches nothing new. */
export function watchRefusal(known: Learned, periodMs: number, nowMs: number): void {
  known.taughtAtMs = nowMs;
  known.periodStartMs = nowMs + periodMs;
  known.peak = 0;
}

/** The limit, as long as it counts; null = forgotten. */
export function learnedLimit(known: Learned | null, nowMs: number): number | null {
  if (known === null || nowMs >= known.taughtAtMs + LIMITS.learnedLimitMs) return null;
  return known.limit;
}
