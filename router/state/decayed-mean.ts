import { z } from 'zod';

/** A mean in which samples lose half of their weight with every half-life. Times are milliseconds of any clock. */
export interface DecayedMean {
  mean: number;
  /** Samples as of `atMs`. */
  weight: number;
  /** When the last sample came. */
  atMs: number;
}

/** `[mean, weight, age in milliseconds]`. */
export const decayedMeanSchema = z.tuple([
  z.number(),
  z.number().min(0).max(1e9),
  z.number().min(0),
]);

/** A mean of nothing. */
export function emptyMean(): DecayedMean {
  return { mean: 0, weight: 0, atMs: 0 };
}

/** What is left after `ageMs`: 1 at once, 0.5 after a half-life. */
export function decay(ageMs: number, halfLifeMs: number): number {
  return ageMs <= 0 ? 1 : 2 ** (-ageMs / halfLifeMs);
}

/** Adds a sample. Values that are no finite number change nothing. */
export function addSample(
  into: DecayedMean,
  value: number,
  { halfLifeMs, nowMs }: { halfLifeMs: number; nowMs: number },
): void {
  if (!Number.isFinite(value)) return;
  into.weight = into.weight * decay(nowMs - into.atMs, halfLifeMs) + 1;
  into.mean += (value - into.mean) / into.weight;
  into.atMs = nowMs;
}

/** As JSON, see `decayedMeanSchema`. */
export function meanToJson(from: DecayedMean, nowMs: number): z.infer<typeof decayedMeanSchema> {
  return [from.mean, from.weight, Math.max(0, nowMs - from.atMs)];
}

/** From JSON, see `decayedMeanSchema`. */
export function meanFromJson(
  [mean, weight, ageMs]: z.infer<typeof decayedMeanSchema>,
  nowMs: number,
): DecayedMean {
  return { mean, weight, atMs: nowMs - ageMs };
}
