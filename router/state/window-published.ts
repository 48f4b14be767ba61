import type { WindowReading } from '../../schemas/observation.ts';
import { countable } from './window-amounts.ts';
import type { WindowCounter } from './window-counter.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const PERIOD_MS_MIN = 1_000;
const PERIOD_MS_MAX = 32 * DAY_MS;

/** What a provider said last about one of its windows, and what has been asked of it since. */
export interface Published {
  /** Where it did not say: at least what was left and what we had counted, as long as the period lasts. */
  limit: number;
  isLimitSaid: boolean;
  /** At `atMs`; null = only the limit is known. */
  remaining: number | null;
  atMs: number;
  resetAtMs: number;
  /** The place in order of the attempt whose answer said so. */
  sequence: number;
  /** What attempts that started after that one take. */
  spent: number;
}

/** Circumstances of a reading. */
export interface ReadingContext {
  /** When the attempt started whose answer says so, and its place in order. */
  readonly startedAtMs: number;
  readonly sequence: number;
  /** What attempts that started after that one take. */
  readonly spent: number;
  /** Our own count of the period. */
  readonly counted: number;
  readonly periodMs: number;
}

/** The window's length: as it says, else the shortest usual one that its reset fits into. */
export function periodOf(reading: WindowReading): number {
  const { periodMs, resetInMs } = reading;
  if (periodMs !== null && periodMs >= PERIOD_MS_MIN && periodMs <= PERIOD_MS_MAX) return periodMs;
  const reset = countable(resetInMs ?? 0);
  if (reset <= MINUTE_MS) return MINUTE_MS;
  return reset <= HOUR_MS ? HOUR_MS : DAY_MS;
}

/**
 * Takes a reading over. Of answers that were under way together the lower one counts; an attempt that started after the
 * last word brings a newer word. A reading without anything usable changes nothing.
 */
export function published(
  known: Published | null,
  reading: WindowReading,
  context: ReadingContext,
  nowMs: number,
): Published | null {
  const remaining = usable(reading.remaining);
  const said = usable(reading.limit) || (known?.isLimitSaid ? known.limit : null);
  if (remaining === null) return said === null ? known : withLimit(known, said, nowMs);
  const isSamePeriod = known !== null && known.remaining !== null && nowMs < known.resetAtMs;
  const wasTogether = isSamePeriod && context.startedAtMs <= known.atMs;
  const limit = said ?? Math.max(1, remaining + context.counted, isSamePeriod ? known.limit : 0);
  const isLimitSaid = said !== null;
  if (wasTogether && (known.remaining ?? 0) <= remaining) return { ...known, limit, isLimitSaid };
  return {
    limit,
    isLimitSaid,
    remaining: Math.min(limit, remaining),
    atMs: nowMs,
    resetAtMs: nowMs + Math.min(usable(reading.resetInMs) ?? context.periodMs, context.periodMs),
    sequence: context.sequence,
    spent: context.spent,
  };
}

/**
 * What is left by the provider's word; null = its word is over. `isRefilling`: the window fills up all the time, to be
 * full at its reset.
 */
export function leftOf(
  { limit, isLimitSaid, remaining, atMs, resetAtMs, spent }: Published,
  own: { counter: WindowCounter; pending: number; isRefilling: boolean },
  nowMs: number,
): number | null {
  if (remaining === null) return limit - own.counter.sum(nowMs) - own.pending;
  if (nowMs < resetAtMs) {
    const share = own.isRefilling ? Math.max(0, nowMs - atMs) / (resetAtMs - atMs) : 0;
    return remaining + (limit - remaining) * share - spent;
  }
  if (!isLimitSaid) return null;
  const since = own.isRefilling ? own.counter.sum(nowMs) : own.counter.sumSince(resetAtMs, nowMs);
  return limit - since - own.pending;
}

/** Milliseconds until `lacking` more is left; at most one period. */
export function fitsIn(
  { limit, remaining, resetAtMs }: Published,
  lacking: number,
  own: { counter: WindowCounter; periodMs: number; isRefilling: boolean },
  nowMs: number,
): number {
  if (own.isRefilling) return Math.min(own.periodMs, (lacking / limit) * own.periodMs);
  if (remaining !== null && nowMs < resetAtMs) return resetAtMs - nowMs;
  return own.counter.freesIn(lacking, nowMs);
}

function withLimit(known: Published | null, limit: number, nowMs: number): Published {
  if (known !== null) return { ...known, limit, isLimitSaid: true };
  const never = { remaining: null, atMs: nowMs, resetAtMs: nowMs, sequence: 0, spent: 0 };
  return { limit, isLimitSaid: true, ...never };
}

function usable(value: number | null): number | null {
  return value !== null && Number.isFinite(value) && value >= 0 ? countable(value) : null;
}
