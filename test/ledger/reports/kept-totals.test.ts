/** Sums of kept periods against the entries themselves, over random logs, ranges and time zones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dayAt, startOfDay } from '../../../ledger/reports/date-range.ts';
import {
  cover,
  readKeptTotals,
  type SplitBy,
  tallyAt,
} from '../../../ledger/reports/kept-totals.ts';
import { readEntries, sequenceBefore } from '../../../ledger/reports/read-entries.ts';
import type { UsageEntry } from '../../../ledger/reports/usage-entry.ts';
import { keysOf } from '../../../ledger/state/running-totals.ts';
import { addEntry, emptyTally, type RunningTally } from '../../../ledger/state/tally.ts';
import { LEDGER_DIMENSIONS } from '../../../schemas/ledger.ts';
import { usageEvent, used } from '../support/events.ts';
import { MemoryLog } from '../support/rig.ts';
import { countedEntries, memorySource, randomLog, START_MS } from './support/memory-source.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function sums(entries: readonly UsageEntry[], keyOf: (entry: UsageEntry) => string) {
  const total = emptyTally();
  const byKey = new Map<string, RunningTally>();
  for (const entry of entries) {
    addEntry(total, entry);
    addEntry(tallyAt(byKey, keyOf(entry)), entry);
  }
  return { total, byKey };
}

const randomRange = fc
  .record({
    timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns'),
    firstDay: fc.integer({ min: -40, max: 30 }),
    days: fc.integer({ min: 1, max: 60 }),
    isOpen: fc.boolean(),
  })
  .map(({ timeZone, firstDay, days, isOpen }) => {
    const at = (day: number): number => startOfDay(dayAt(START_MS + day * DAY_MS, 'UTC'), timeZone);
    const untilMs = isOpen ? Number.POSITIVE_INFINITY : at(firstDay + days);
    return { sinceMs: at(firstDay), untilMs, timeZone };
  });

test('kept totals of any range are those of its entries, however they are split', async () => {
  const splits: readonly SplitBy[] = [...LEDGER_DIMENSIONS, 'day'];
  await fc.assert(
    fc.asyncProperty(
      randomLog,
      randomRange,
      fc.constantFrom(...splits),
      async (eventLog, range, by) => {
        const source = await memorySource(eventLog);
        const kept = await readKeptTotals(source.store, range, by);
        const entries = countedEntries(eventLog).filter(
          ({ countedAtMs }) => countedAtMs >= range.sinceMs && countedAtMs < range.untilMs,
        );
        const expected = sums(entries, (entry) =>
          by === 'day'
            ? dayAt(Math.floor(entry.countedAtMs / HOUR_MS) * HOUR_MS, range.timeZone)
            : keysOf(entry)[by],
        );
        if (eventLog.events.length === 0) {
          assert.equal(kept?.total.entries ?? 0, 0);
          return;
        }
        assert.deepEqual(kept?.total, expected.total);
        const used = [...(kept?.byKey ?? [])].filter(([, tally]) => tally.entries > 0);
        assert.deepEqual(new Map(used), expected.byKey);
      },
    ),
    { numRuns: 300 },
  );
});

test('a range is covered by as few periods as possible, without gap and overlap', () => {
  const known = ['2026-10-05T07', '2027-02-03T04'];
  const range = {
    sinceMs: Date.UTC(2026, 9, 30, 22),
    untilMs: Date.UTC(2027, 0, 2, 1),
    timeZone: 'UTC',
  };
  assert.deepEqual(cover(range, ['month', 'day', 'hour'], known), [
    '2026-10-30T22',
    '2026-10-30T23',
    '2026-10-31',
    '2026-11',
    '2026-12',
    '2027-01-01',
    '2027-01-02T00',
  ]);
  assert.equal(cover({ ...range, sinceMs: 0 }, ['month', 'day', 'hour'], known)[0], '2026-10');
  assert.deepEqual(cover(range, ['hour'], []), []);
});

test('reading from the sequence before a time misses no entry that counts there', async () => {
  await fc.assert(
    fc.asyncProperty(randomLog, fc.nat(24 * 20), async (eventLog, hour) => {
      const sinceMs = START_MS + hour * HOUR_MS;
      const source = await memorySource(eventLog);
      const after = await sequenceBefore(source, sinceMs);
      const isLater = ({ countedAtMs }: UsageEntry): boolean => countedAtMs >= sinceMs;
      const read: UsageEntry[] = [];
      const through = (await eventLog.range()).lastSequence;
      await readEntries(source, { after, through, onEntries: (each) => void read.push(...each) });
      const ids = new Set(read.filter(isLater).map(({ attemptId }) => attemptId));
      const missed = countedEntries(eventLog)
        .filter(isLater)
        .filter(({ attemptId }) => !ids.has(attemptId));
      assert.deepEqual(missed, []);
    }),
    { numRuns: 200 },
  );
});

test('an entry from a clock that is ahead is not missed: it was stored before the hour in which it counts', async () => {
  const eventLog = new MemoryLog();
  const attempts = [
    { stored: '00:10', ended: '00:10' },
    { stored: '02:40', ended: '03:20' },
    { stored: '03:05', ended: '03:05' }, // closes hour 00 after the second event
  ];
  for (const [index, { stored, ended }] of attempts.entries()) {
    const startedAtMs = Date.parse(`2026-11-22T${ended}:00Z`) - 1_000;
    const storedAtMs = Date.parse(`2026-11-22T${stored}:00Z`);
    eventLog.add(used(usageEvent(`r${index}`, { startedAtMs })), storedAtMs);
  }
  const source = await memorySource(eventLog);
  assert.equal(await sequenceBefore(source, Date.parse('2026-11-22T03:00:00Z')), 0);
  assert.equal(await sequenceBefore(source, Date.parse('2026-11-22T04:00:00Z')), 2);
});
