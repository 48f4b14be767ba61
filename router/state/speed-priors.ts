import type { ProviderId } from '../../schemas/provider.ts';
import { type DecayedMean, decay } from './decayed-mean.ts';

/** What is measured of a target. Milliseconds; the second per token. */
export const SPEED_MEASURES = ['firstContentMs', 'msPerToken'] as const;
/** One of SPEED_MEASURES. */
export type SpeedMeasure = (typeof SPEED_MEASURES)[number];

/** What was measured of one target. */
export interface SpeedRecord extends Readonly<Record<SpeedMeasure, DecayedMean>> {
  readonly provider: ProviderId;
}

/** What is believed of a target before anything was measured. */
export type SpeedPrior = Readonly<Record<SpeedMeasure, number>>;

/** Believed when nothing at all was measured: 1.5 s, and 60 tokens per second. */
export const SPEED_SEED: SpeedPrior = { firstContentMs: 1_500, msPerToken: 1_000 / 60 };

/** Without samples a target becomes the prior by half in this time: who was slow is tried again. */
const FORGET_HALF_LIFE_MS = 600_000;

/** A mean as it is believed now: the older its last sample, the nearer to `prior`. */
export function believed(of: DecayedMean, prior: number, nowMs: number): number {
  if (of.weight === 0) return prior;
  return prior + (of.mean - prior) * decay(nowMs - of.atMs, FORGET_HALF_LIFE_MS);
}

/** What is believed of every target: the median of its provider's other models, else of all others, else the seed. */
export class SpeedPriors {
  readonly #values: Readonly<Record<SpeedMeasure, MeasuredValues>>;
  readonly #known = new Map<SpeedRecord, SpeedPrior>();
  readonly #unknown = new Map<ProviderId, SpeedPrior>();

  /** As of `nowMs`, made of `records`. */
  constructor(records: Iterable<SpeedRecord>, nowMs: number) {
    const all = [...records];
    this.#values = {
      firstContentMs: new MeasuredValues(all, 'firstContentMs', nowMs),
      msPerToken: new MeasuredValues(all, 'msPerToken', nowMs),
    };
  }

  /** `record` null = nothing was measured of the target. */
  of(provider: ProviderId, record: SpeedRecord | null): SpeedPrior {
    const found = record === null ? this.#unknown.get(provider) : this.#known.get(record);
    if (found !== undefined) return found;
    const prior = {
      firstContentMs: this.#values.firstContentMs.typical(provider, record),
      msPerToken: this.#values.msPerToken.typical(provider, record),
    };
    if (record === null) this.#unknown.set(provider, prior);
    else this.#known.set(record, prior);
    return prior;
  }
}

interface MeasuredValue {
  readonly record: SpeedRecord;
  readonly value: number;
}

/** One measure of all targets in ascending order. */
class MeasuredValues {
  readonly #seed: number;
  readonly #all: readonly MeasuredValue[];
  readonly #ofProvider: ReadonlyMap<ProviderId, readonly MeasuredValue[]>;

  constructor(records: readonly SpeedRecord[], measure: SpeedMeasure, nowMs: number) {
    this.#seed = SPEED_SEED[measure];
    this.#all = records
      .filter((record) => record[measure].weight > 0)
      .map((record) => ({ record, value: believed(record[measure], this.#seed, nowMs) }))
      .sort((first, second) => first.value - second.value);
    this.#ofProvider = Map.groupBy(this.#all, ({ record }) => record.provider);
  }

  typical(provider: ProviderId, except: SpeedRecord | null): number {
    const siblings = this.#ofProvider.get(provider) ?? [];
    return median(siblings, except) ?? median(this.#all, except) ?? this.#seed;
  }
}

function median(sorted: readonly MeasuredValue[], except: SpeedRecord | null): number | null {
  const skipped = except === null ? -1 : sorted.findIndex(({ record }) => record === except);
  const count = skipped < 0 ? sorted.length : sorted.length - 1;
  if (count === 0) return null;
  const valueAt = (place: number): number =>
    sorted[skipped < 0 || place < skipped ? place : place + 1]?.value ?? 0;
  return (valueAt(Math.floor((count - 1) / 2)) + valueAt(Math.floor(count / 2))) / 2;
}
