import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  dayAt,
  isTimeZone,
  monthStart,
  readDates,
  startOfDay,
} from '../../../ledger/reports/date-range.ts';

const HOUR_MS = 3_600_000;

test('a day begins at the first full hour that is in it', () => {
  const cases = [
    ['2026-11-22', 'UTC', '2026-11-22T00:00:00.000Z'],
    ['20261122', 'UTC', '2026-11-22T00:00:00.000Z'],
    ['2026-11-22', 'Europe/Berlin', '2026-11-21T23:00:00.000Z'],
    ['2026-07-01', 'Europe/Berlin', '2026-06-30T22:00:00.000Z'],
    ['2026-11-22', 'America/Los_Angeles', '2026-11-22T08:00:00.000Z'],
    ['2026-11-22', 'Pacific/Kiritimati', '2026-11-21T10:00:00.000Z'],
    // Midnight is at 18:30 UTC: the hour of 18:00 belongs to the day before.
    ['2026-11-22', 'Asia/Kolkata', '2026-11-21T19:00:00.000Z'],
  ] as const;
  for (const [date, timeZone, expected] of cases) {
    assert.equal(
      new Date(startOfDay(date, timeZone)).toISOString(),
      expected,
      `${date} ${timeZone}`,
    );
  }
});

test('days follow each other without a gap, also when summer time ends', () => {
  const days = readDates(
    { since: '2026-10-25', until: '2026-10-25', timeZone: 'Europe/Berlin' },
    0,
  );
  assert.equal(days.untilMs - days.sinceMs, 25 * HOUR_MS);
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 20_000 }),
      fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/St_Johns'),
      (dayNumber, timeZone) => {
        const date = new Date(dayNumber * 24 * HOUR_MS).toISOString().slice(0, 10);
        const { sinceMs, untilMs } = readDates({ since: date, until: date, timeZone }, 0);
        assert.equal(dayAt(sinceMs, timeZone), date);
        assert.equal(startOfDay(dayAt(untilMs, timeZone), timeZone), untilMs);
      },
    ),
  );
});

test('what is no date, time zone or range is refused in a sentence', () => {
  const cases = [
    [{ since: 'yesterday', until: null, timeZone: 'UTC' }, /"yesterday" is no date like/],
    [{ since: '2026-02-30', until: null, timeZone: 'UTC' }, /"2026-02-30" is no date like/],
    [{ since: null, until: '2026-13-01', timeZone: 'UTC' }, /"2026-13-01" is no date like/],
    [{ since: null, until: null, timeZone: 'Mars/Base' }, /"Mars\/Base" is no time zone/],
    [{ since: '2026-11-02', until: '2026-11-01', timeZone: 'UTC' }, /the last day is before/],
  ] as const;
  for (const [dates, message] of cases) {
    assert.throws(() => readDates(dates, 0), { name: 'RangeError', message });
  }
  assert.equal(isTimeZone('Mars/Base'), false);
});

test('a month begins where its first day does', () => {
  const atMs = Date.UTC(2026, 10, 22, 5);
  assert.equal(monthStart(atMs, 'UTC'), Date.UTC(2026, 10, 1));
  assert.equal(
    monthStart(Date.UTC(2026, 10, 30, 23, 30), 'Europe/Berlin'),
    Date.UTC(2026, 10, 30, 23),
  );
});
