import type { HeaderPair } from '../../schemas/envelope.ts';

const DURATION =
  /^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,9}(?:\.\d{1,12})?)s)?(?:(\d{1,9}(?:\.\d{1,12})?)ms)?/;
const NUMBER = /^\s*\d{1,15}(?:\.\d{1,12})?\s*$/;
/** RFC 3339, or the date of an HTTP header. */
const DATE = /^(?:\d{4}-\d\d-\d\dT|[A-Z][a-z]{2}, \d)/;
/** Numbers above these are moments, not durations. */
const EPOCH_SECONDS_MIN = 1e9;
const EPOCH_MS_MIN = 1e12;

/** The upstream's own clock, from its `date` header: Unix milliseconds, NaN without one. */
export function upstreamNowMs(headers: readonly HeaderPair[]): number {
  const date = headers.find(([name]) => name === 'date')?.[1] ?? '';
  if (date !== lastDate.text) lastDate = { text: date, atMs: Date.parse(date) };
  return lastDate.atMs;
}

// All answers of a second say the same.
let lastDate = { text: '', atMs: Number.NaN };

/** A number of a header or a body, not negative; null for anything else. */
export function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : null;
  return typeof value === 'string' && NUMBER.test(value) ? Number(value) : null;
}

/** Milliseconds of `1s`, `6m0s`, `12ms`, `1d2h`, or of plain seconds, as Azure writes them; null for anything else. */
export function msOfDuration(text: string): number | null {
  const seconds = numberOf(text);
  if (seconds !== null) return seconds * 1_000;
  const match = DURATION.exec(text);
  if (match === null || match[0] === '') return null;
  const [, days = '0', hours = '0', minutes = '0', wholeSeconds = '0', milliseconds = '0'] = match;
  return (
    Number(days) * 86_400_000 +
    Number(hours) * 3_600_000 +
    Number(minutes) * 60_000 +
    Number(wholeSeconds) * 1_000 +
    Number(milliseconds)
  );
}

/** Milliseconds until what servers write as a moment, in milliseconds or seconds, or as seconds from now. */
export function msUntil(value: number, nowMs: number): number {
  if (value > EPOCH_MS_MIN) return value - nowMs;
  return value > EPOCH_SECONDS_MIN ? value * 1_000 - nowMs : value * 1_000;
}

/** Milliseconds until a window's reset, in any spelling, 0 for what is past; null when it cannot be told. */
export function msUntilReset(text: string | undefined, nowMs: number): number | null {
  if (text === undefined) return null;
  const isDate = DATE.test(text);
  const number = isDate ? null : numberOf(text);
  const ms =
    number !== null
      ? msUntil(number, nowMs)
      : isDate
        ? Date.parse(text) - nowMs
        : msOfDuration(text);
  return ms === null || !Number.isFinite(ms) ? null : Math.max(0, ms);
}
