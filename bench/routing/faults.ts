import type { ProviderId } from '../../schemas/provider.ts';
import type { DayShape } from './day.ts';
import { between, createRandom, shuffled } from './random.ts';

/**
 * What goes wrong at a provider for a while: it is down, it refuses 30 % as overloaded, it is slow, or some requests
 * never get an answer.
 */
export type FaultKind = 'outage' | 'brown-out' | 'slow' | 'stalls';

/** One fault. Times are milliseconds from the day's beginning. */
export interface Fault {
  readonly kind: FaultKind;
  readonly provider: ProviderId;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Kind, minutes, and where in the day it may begin. Each of the first three strikes another provider, stalls strike all. */
const FAULTS: readonly (readonly [kind: FaultKind, minutes: number, from: number])[] = [
  ['outage', 10, 0.1],
  ['brown-out', 20, 0.3],
  ['slow', 60, 0.6],
  ['stalls', 30, 0.05],
  ['stalls', 30, 0.25],
  ['stalls', 30, 0.5],
  ['stalls', 30, 0.7],
];
const PART = 0.15;
const WHOLE_DAY_HOURS = 10;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** The faults of a seed's day. A shorter day has shorter ones. */
export function createFaults(
  seed: number,
  { hours }: DayShape,
  providers: readonly ProviderId[],
): readonly Fault[] {
  const random = createRandom('faults', seed);
  const struck = shuffled(random, providers);
  const stalling = shuffled(random, providers);
  let stalls = 0;
  return FAULTS.flatMap(([kind, minutes, from], index) => {
    const provider = kind === 'stalls' ? stalling[stalls++] : struck[index];
    if (provider === undefined) return [];
    const fromMs = between(random, from, from + PART) * hours * HOUR_MS;
    const toMs = fromMs + minutes * MINUTE_MS * (hours / WHOLE_DAY_HOURS);
    return [{ kind, provider, fromMs, toMs }];
  });
}
