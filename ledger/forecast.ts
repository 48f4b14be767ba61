import type { Picodollars } from '../schemas/money.ts';
import { endOf, HOUR_MS, periodAt, startOf } from './state/periods.ts';

/** Hours before this one that make the pace, as long as their totals are open. */
const HOURS_BEFORE = 2;

/** What was spent in a period, by its name (`2026-11-22T05`, `2026-11-22`); zero when nothing was. */
export type SpentIn = (period: string) => Picodollars;

/**
 * What the UTC day of `nowMs` (Unix milliseconds) will have cost at its end, if it goes on at the pace of this hour and the
 * two before. Pure.
 */
export function forecastOfDay(spentIn: SpentIn, nowMs: number): Picodollars {
  const hour = periodAt(nowMs, 'hour');
  const day = periodAt(nowMs, 'day');
  const fromMs = startOf(hour) - HOURS_BEFORE * HOUR_MS;
  let spent = 0n;
  for (let atMs = fromMs; atMs <= nowMs; atMs += HOUR_MS) spent += spentIn(periodAt(atMs, 'hour'));
  const leftMs = BigInt(Math.ceil(endOf(day) - nowMs));
  const overMs = BigInt(Math.ceil(nowMs - fromMs));
  return spentIn(day) + (spent * leftMs) / overMs;
}
