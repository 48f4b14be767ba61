import { PICODOLLARS_PER_USD, type Picodollars } from '../schemas/money.ts';
import type { Crossing } from './alert-text.ts';
import { forecastOfDay, type SpentIn } from './forecast.ts';
import { periodAt } from './state/periods.ts';

/** Only a day of which a fifth of its threshold is spent has a pace: one dear request has none. */
const FORECAST_SHARE = 5n;
/** An hour is a sudden rise beyond so many times what is usual, and never below this. */
const RISE_FACTOR = 3n;
const RISE_MIN: Picodollars = PICODOLLARS_PER_USD;

const GLOBAL = { scope: 'global', name: null, step: null } as const;

/** The forecast of the day, when it is beyond the day's threshold and the day itself is not. Pure. */
export function forecastCrossing(
  spentIn: SpentIn,
  threshold: Picodollars,
  nowMs: number,
): Crossing | null {
  const periodName = periodAt(nowMs, 'day');
  const spent = spentIn(periodName);
  if (spent * FORECAST_SHARE < threshold || spent >= threshold) return null;
  const forecast = forecastOfDay(spentIn, nowMs);
  if (forecast <= threshold) return null;
  return { kind: 'forecast', ...GLOBAL, period: 'day', periodName, threshold, spent, forecast };
}

/** This hour, when it costs more than three times what is `usual` at this hour, and more than a dollar. Pure. */
export function riseCrossing(spentIn: SpentIn, usual: Picodollars, nowMs: number): Crossing | null {
  const periodName = periodAt(nowMs, 'hour');
  const spent = spentIn(periodName);
  const line = usual * RISE_FACTOR;
  const threshold = line > RISE_MIN ? line : RISE_MIN;
  if (spent <= threshold) return null;
  return { kind: 'rise', ...GLOBAL, period: 'hour', periodName, threshold, spent, forecast: null };
}
