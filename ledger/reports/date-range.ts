import { HOUR_MS } from '../state/periods.ts';

/** What a report covers: from `sinceMs` to before `untilMs`, both at full hours. Unix milliseconds. */
export interface DateRange {
  readonly sinceMs: number;
  /** Infinity = up to now. */
  readonly untilMs: number;
  /** Where days begin, e.g. `Europe/Berlin`. */
  readonly timeZone: string;
}

/** Dates as somebody types them: `2026-11-01` or `20261101`; null = not said. `until` is a day that is in it. */
export interface TypedDates {
  readonly since: string | null;
  readonly until: string | null;
  readonly timeZone: string;
}

/** No time zone of the world is farther from UTC. */
const OFFSET_HOURS_MAX = 15;
const DATE = /^(\d{4})-?(\d\d)-?(\d\d)$/;

const formats = new Map<string, Intl.DateTimeFormat>();

/** The day of a time, `2026-11-22`. Throws RangeError for an unknown time zone. */
export function dayAt(atMs: number, timeZone: string): string {
  let format = formats.get(timeZone);
  if (format === undefined) {
    // This locale spells dates as ISO does.
    format = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
    formats.set(timeZone, format);
  }
  return format.format(atMs);
}

/**
 * The first full hour of a day. Hours are what the ledger counts by: where a day begins at half past one, its first half hour
 * belongs to the day before. Throws RangeError for what is no date or time zone.
 */
export function startOfDay(date: string, timeZone: string): number {
  const [, year, month, day] = DATE.exec(date) ?? [];
  const name = `${year}-${month}-${day}`;
  const midnightMs = Date.parse(`${name}T00:00:00Z`);
  if (!Number.isFinite(midnightMs) || dayAt(midnightMs, 'UTC') !== name) {
    throw new RangeError(`"${date}" is no date like 2026-11-22`);
  }
  let atMs = midnightMs - OFFSET_HOURS_MAX * HOUR_MS;
  while (dayAt(atMs, timeZone) < name) atMs += HOUR_MS;
  return atMs;
}

/** The first of the month of a time. */
export function monthStart(atMs: number, timeZone: string): number {
  return startOfDay(`${dayAt(atMs, timeZone).slice(0, 7)}-01`, timeZone);
}

/** Reads dates; `sinceMs` is where a report begins otherwise. Throws RangeError with a sentence for the one who typed. */
export function readDates(dates: TypedDates, sinceMs: number): DateRange {
  const { since, until, timeZone } = dates;
  if (!isTimeZone(timeZone))
    throw new RangeError(`"${timeZone}" is no time zone like Europe/Berlin`);
  const range = {
    sinceMs: since === null ? sinceMs : startOfDay(since, timeZone),
    untilMs:
      until === null ? Number.POSITIVE_INFINITY : dayAfter(startOfDay(until, timeZone), timeZone),
    timeZone,
  };
  if (range.sinceMs >= range.untilMs) throw new RangeError('the last day is before the first');
  return range;
}

function dayAfter(startMs: number, timeZone: string): number {
  const day = dayAt(startMs, timeZone);
  let atMs = startMs;
  while (dayAt(atMs, timeZone) === day) atMs += HOUR_MS;
  return atMs;
}

/** Whether a name is one of a time zone. */
export function isTimeZone(name: string): boolean {
  try {
    dayAt(0, name);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
