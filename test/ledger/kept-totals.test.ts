/** What is kept, whatever crashes between which writes; and what `verify` finds. In memory, so that time can pass. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { forgetTotals } from '../../ledger/rebuild.ts';
import { periodKey, purgePeriods, readPeriod, readSnapshot } from '../../ledger/saved-state.ts';
import { keptPeriods } from '../../ledger/seed-state.ts';
import { emptyState } from '../../ledger/state/ledger-state.ts';
import { packState } from '../../ledger/state/snapshot.ts';
import { PERIOD_KINDS, type PeriodTotals } from '../../schemas/ledger.ts';
import { usageEvent, used } from './support/events.ts';
import { foldLogged, MemoryLog, MemoryStore, runLedger, verified } from './support/rig.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 10, 29, 20);

/** A log of attempts that end when they are stored, `everyMs` apart. */
function logOf(count: number, everyMs: number): MemoryLog {
  const eventLog = new MemoryLog();
  for (let index = 0; index < count; index += 1)
    addEntry(eventLog, index, START_MS + index * everyMs);
  return eventLog;
}

function addEntry(eventLog: MemoryLog, index: number, atMs: number): void {
  const picodollars = String(1_000 + index);
  const event = usageEvent(`r${index}`, {
    startedAtMs: atMs - 1_000,
    sessionId: `s${index % 5}`,
    cost: { picodollars, priceVersion: '1', source: 'overlay' },
  });
  eventLog.add(used(event), atMs);
}

async function kept(store: MemoryStore) {
  const all = [];
  for (const kind of PERIOD_KINDS) {
    for (const period of await keptPeriods(store, kind)) all.push(await readPeriod(store, period));
  }
  return all;
}

/** What a ledger knows that never stopped. */
function straight(eventLog: MemoryLog) {
  const state = emptyState();
  state.streamCreated = eventLog.created;
  for (const event of eventLog.events) foldLogged(state, event);
  return { snapshot: packState(state), periods: state.unsaved.periods };
}

function byPeriod(periods: readonly (PeriodTotals | null)[]) {
  return new Map(periods.map((totals) => [totals?.period, totals]));
}

test('killed between any two writes, any number of times, it keeps what one that never stopped keeps', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(12), fc.boolean()), { maxLength: 8 }),
      fc.integer({ min: 1, max: 30 }),
      async (crashes, saveEvery) => {
        const eventLog = logOf(120, HOUR_MS / 4);
        const store = new MemoryStore();
        for (const [crashAfter, isLastApplied] of crashes) {
          Object.assign(store, { crashAfter, isLastApplied });
          await runLedger(eventLog, store, { saveEvery });
        }
        store.crashAfter = -1;
        assert.ok((await runLedger(eventLog, store, { saveEvery })) !== null);
        const expected = straight(eventLog);
        assert.deepEqual(await readSnapshot(store), JSON.parse(JSON.stringify(expected.snapshot)));
        assert.deepEqual(byPeriod(await kept(store)), byPeriod(expected.periods));
        assert.deepEqual((await verified(eventLog, store)).findings, []);
      },
    ),
    { numRuns: 60 },
  );
});

test('two ledgers that write in turn keep what one keeps', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(40), { minLength: 1, maxLength: 6 }), async (lengths) => {
      const eventLog = new MemoryLog();
      const store = new MemoryStore();
      let index = 0;
      for (const length of lengths) {
        for (const end = index + length; index < end; index += 1) {
          addEntry(eventLog, index, START_MS + index * HOUR_MS);
        }
        // The second read the same snapshot before the first wrote: its write is refused.
        const second = runLedger(eventLog, store, { saveEvery: 7 });
        const first = runLedger(eventLog, store, { saveEvery: 7 });
        const ends = await Promise.all([first, second]);
        assert.ok(ends.some((state) => state !== null) || length > 0);
        await runLedger(eventLog, store);
      }
      const expected = straight(eventLog);
      assert.deepEqual(byPeriod(await kept(store)), byPeriod(expected.periods));
      assert.deepEqual((await verified(eventLog, store)).findings, []);
    }),
    { numRuns: 30 },
  );
});

test('verify: all is well', async () => {
  const eventLog = logOf(200, HOUR_MS / 4);
  const store = new MemoryStore();
  await runLedger(eventLog, store, { saveEvery: 11 });
  const { findings, strangers, periods } = await verified(eventLog, store);
  assert.deepEqual([findings, strangers], [[], []]);
  assert.equal(periods, (await kept(store)).length);
  assert.ok(periods > 40);
});

test('verify finds a hole, and where', async () => {
  const eventLog = logOf(200, HOUR_MS / 4);
  const store = new MemoryStore();
  await runLedger(eventLog, store);
  eventLog.events.splice(99, 2);
  const { findings } = await verified(eventLog, store);
  assert.ok(findings.includes('events 100 to 101 are missing in the log'), findings.join('\n'));
  assert.ok(findings.some((finding) => finding.includes('hash chain is broken')));
  assert.ok(findings.some((finding) => /totals of .* differ/.test(finding)));
});

test('verify finds missing events at the end', async () => {
  const eventLog = logOf(20, HOUR_MS / 4);
  const store = new MemoryStore();
  await runLedger(eventLog, store);
  eventLog.events.splice(18, 2);
  const { findings } = await verified(eventLog, store);
  assert.ok(findings.includes('events 19 to 20 are missing in the log'), findings.join('\n'));
});

test('verify finds a changed payload, even one that changes no sum, and the hour it is in', async () => {
  const eventLog = logOf(200, HOUR_MS / 4);
  const store = new MemoryStore();
  await runLedger(eventLog, store);
  const event = eventLog.events[100] ?? assert.fail('no event');
  const data = Buffer.from(event.data.toString().replace('end_turn', 'end_tvrn'));
  eventLog.events[100] = { ...event, data };
  const { findings } = await verified(eventLog, store);
  assert.equal(findings.length, 1, findings.join('\n'));
  const range = /an event between (\d+) and (\d+) is not/.exec(findings[0] ?? '');
  const [first, last] = [Number(range?.[1]), Number(range?.[2])];
  assert.ok(first <= 101 && 101 <= last && last - first < 5, findings[0]);
});

test('verify finds changed, missing, unreadable and invented totals', async () => {
  const eventLog = logOf(100, HOUR_MS / 4);
  const store = new MemoryStore();
  await runLedger(eventLog, store);
  const [first = '', second = '', third = ''] = await keptPeriods(store, 'hour');
  const totals = (await readPeriod(store, first)) ?? assert.fail('not kept');
  const wrong = { ...totals, total: { ...totals.total, picodollars: '1' } };
  const write = async (period: string, text: string): Promise<void> => {
    const key = periodKey(period);
    await store.put(key, Buffer.from(text), await store.revisionOf(key));
  };
  await write(first, JSON.stringify(wrong));
  await purgePeriods(store, [second]);
  await write(third, '{"v":1}');
  await write('2026-11-28T00', JSON.stringify({ ...totals, period: '2026-11-28T00' }));
  const { findings, strangers } = await verified(eventLog, store);
  assert.deepEqual(strangers, ['2026-11-28T00']);
  assert.equal(findings.length, 3, findings.join('\n'));
  assert.match(findings[0] ?? '', new RegExp(`totals of ${first} differ .* kept 1 picodollars`));
  assert.equal(findings[1], `the totals of ${second} are missing`);
  assert.equal(findings[2], `the totals of ${third} cannot be read`);
});

test('a rebuild gives the same totals, whatever was kept before', async () => {
  const eventLog = logOf(200, HOUR_MS / 4);
  const store = new MemoryStore();
  await runLedger(eventLog, store, { saveEvery: 50 });
  const before = byPeriod(await kept(store));
  const [first = ''] = await keptPeriods(store, 'hour');
  await store.put(
    periodKey(first),
    Buffer.from('nonsense'),
    await store.revisionOf(periodKey(first)),
  );
  await forgetTotals(store, eventLog);
  await runLedger(eventLog, store);
  assert.deepEqual(byPeriod(await kept(store)), before);
  assert.deepEqual((await verified(eventLog, store)).findings, []);
});

test('a rebuild keeps the hours whose events have left the stream, and their share of day and month', async () => {
  const eventLog = logOf(300, HOUR_MS / 4);
  const store = new MemoryStore();
  await runLedger(eventLog, store);
  const before = byPeriod(await kept(store));
  const open = (await readSnapshot(store))?.periods;
  eventLog.events.splice(0, 130);
  const { countsFromMs, firstSequence } = await forgetTotals(store, eventLog);
  assert.deepEqual([firstSequence, countsFromMs % HOUR_MS], [131, 0]);
  assert.ok(countsFromMs > START_MS);
  await runLedger(eventLog, store);
  const after = await kept(store);
  assert.deepEqual(
    new Map(after.map((totals) => [totals?.period, totals?.total])),
    new Map([...before].map(([period, totals]) => [period, totals?.total])),
  );
  assert.deepEqual(
    new Map((await readSnapshot(store))?.periods.map(([period, [total]]) => [period, total])),
    new Map(open?.map(([period, [total]]) => [period, total])),
  );
  const { findings, strangers } = await verified(eventLog, store);
  assert.deepEqual([findings, strangers], [[], []]);
});

test('without the beginning of the log what is left is checked, from a kept link of the chain on', async () => {
  const eventLog = logOf(300, HOUR_MS / 4);
  const store = new MemoryStore();
  await runLedger(eventLog, store);
  eventLog.events.splice(0, 130);
  const whole = await verified(eventLog, store);
  assert.deepEqual([whole.findings, whole.strangers], [[], []]);
  assert.ok(whole.firstSequence > 130 && whole.periods > 20, JSON.stringify(whole));
  const event = eventLog.events[100] ?? assert.fail('no event');
  eventLog.events[100] = { ...event, data: Buffer.from('{}') };
  const broken = await verified(eventLog, store);
  assert.ok(broken.findings.some((finding) => finding.includes('hash chain')));
  assert.ok(broken.findings.some((finding) => finding.includes('differ')));
});

test('a ledger that starts after the beginning of the log has left the stream takes what is there', async () => {
  const eventLog = logOf(50, HOUR_MS / 4);
  eventLog.events.splice(0, 20);
  const store = new MemoryStore();
  const state = await runLedger(eventLog, store);
  assert.deepEqual(
    [state?.chainedFrom, state?.oddities.missing, state?.oddities.expired],
    [21, 0, 0],
  );
  const { findings, strangers } = await verified(eventLog, store);
  assert.deepEqual([findings, strangers], [[], []]);
});

test('events that left the stream before the ledger saw them are told, and the rest is counted', async () => {
  const eventLog = logOf(50, HOUR_MS / 4);
  const store = new MemoryStore();
  await runLedger(eventLog, store);
  for (let index = 50; index < 80; index += 1)
    addEntry(eventLog, index, START_MS + index * 1_000_000);
  eventLog.events.splice(0, 60);
  const state = await runLedger(eventLog, store);
  assert.deepEqual([state?.sequence, state?.oddities.expired], [80, 10]);
});

test('a log that lost its end is read again, and nothing counts twice', async () => {
  const eventLog = logOf(50, 60_000);
  const store = new MemoryStore();
  await runLedger(eventLog, store);
  const lost = new MemoryLog();
  for (const { subject, data, storedAtMs } of eventLog.events.slice(0, 40)) {
    lost.add({ subject, event: data.toString() }, storedAtMs);
  }
  for (let index = 45; index < 60; index += 1) addEntry(lost, index, START_MS + 3_100_000);
  const state = await runLedger(lost, store);
  assert.equal(state?.oddities.logChanges, 1);
  assert.equal(state?.closedIds.size, 60, 'attempts 0 to 59');
  const month = state?.periods.get('2026-11')?.total;
  assert.equal(month?.entries, 60);
});
