import { LIMITS } from '../../config/limits.ts';
import type { PeriodKind } from '../../schemas/ledger.ts';

/** Milliseconds of an hour. */
export const HOUR_MS = 3_600_000;

/** Characters of an ISO date that name a period. */
const NAME_CHARACTERS: Readonly<Record<PeriodKind, number>> = { hour: 13, day: 10, month: 7 };

/** Names the period of a time: `2026-11-22T05`, `2026-11-22` or `2026-11`. UTC, whatever the process's time zone. */
export function periodAt(atMs: number, kind: PeriodKind): string {
  return new Date(atMs).toISOString().slice(0, NAME_CHARACTERS[kind]);
}

/** Names the hour, the day and the month of a time. */
export function periodsAt(atMs: number): readonly [string, string, string] {
  const date = new Date(atMs).toISOString();
  const { hour, day, month } = NAME_CHARACTERS;
  return [date.slice(0, hour), date.slice(0, day), date.slice(0, month)];
}

/** The kind of a period, by its name. */
export function kindOf(period: string): PeriodKind {
  if (period.length === NAME_CHARACTERS.hour) return 'hour';
  return period.length === NAME_CHARACTERS.day ? 'day' : 'month';
}

/** When a period begins. Unix milliseconds; NaN for what is no period. */
export function startOf(period: string): number {
  return Date.parse(kindOf(period) === 'hour' ? `${period}:00Z` : period);
}

/** When a period is over. Unix milliseconds; NaN for what is no period. */
export function endOf(period: string): number {
  const start = new Date(startOf(period));
  const kind = kindOf(period);
  if (kind === 'hour') return start.getTime() + HOUR_MS;
  if (kind === 'day') return start.getTime() + 24 * HOUR_MS;
  return start.setUTCMonth(start.getUTCMonth() + 1);
}

/** When a period closes: what comes later counts elsewhere. Unix milliseconds. */
export function closeOf(period: string): number {
  return endOf(period) + LIMITS.ledgerPeriodOpenMs;
}

/** The number of a time's hour since 1970. */
export function hourOf(atMs: number): number {
  return Math.floor(atMs / HOUR_MS);
}
