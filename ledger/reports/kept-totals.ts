import type { LedgerStore } from '../../bus/ledger-store.ts';
import type { LedgerDimension, PeriodKind, PeriodTotals } from '../../schemas/ledger.ts';
import { inParallel, readPeriod, readSnapshot } from '../saved-state.ts';
import { keptPeriods } from '../seed-state.ts';
import { endOf, periodAt, startOf } from '../state/periods.ts';
import { unpackTotals, writeTotals } from '../state/running-totals.ts';
import { addTally, emptyTally, type RunningTally } from '../state/tally.ts';
import { type DateRange, dayAt } from './date-range.ts';

/** By what a report splits its sums: one of the ledger's dimensions, or the day. */
export type SplitBy = LedgerDimension | 'day';

/** What the ledger has kept of a range. */
export interface KeptTotals {
  readonly total: RunningTally;
  readonly byKey: ReadonlyMap<string, RunningTally>;
  /** By `<provider>/<upstreamModel>`. */
  readonly byModel: ReadonlyMap<string, RunningTally>;
  /** The last event that is in them. */
  readonly sequence: number;
}

const NOT_CLOSED = { sequence: 0, chain: '' };

/**
 * Adds up what is kept: closed periods and those that are open, the longest that fit. Null = no ledger has run yet. Throws
 * when the store does not answer.
 */
export async function readKeptTotals(
  store: LedgerStore,
  range: DateRange,
  by: SplitBy,
): Promise<KeptTotals | null> {
  const snapshot = await readSnapshot(store);
  if (snapshot === null) return null;
  // What the snapshot no longer holds was written before it.
  const open = new Map(snapshot.periods);
  const closed = new Set<string>();
  const kinds = kindsFor(range, by);
  for (const kind of kinds) for (const name of await keptPeriods(store, kind)) closed.add(name);
  const sums = {
    total: emptyTally(),
    byKey: new Map(),
    byModel: new Map(),
    sequence: snapshot.sequence,
  };
  const known = [...closed, ...open.keys()];
  await inParallel(cover(range, kinds, known), async (period) => {
    const totals = open.get(period);
    const told =
      totals === undefined
        ? closed.has(period) && (await readPeriod(store, period))
        : writeTotals(unpackTotals(totals), { period, closedAt: NOT_CLOSED });
    if (told) addPeriod(sums, told, { by, day: dayAt(startOf(period), range.timeZone) });
  });
  return sums;
}

// Sessions of a month are more than it keeps; days of other time zones are made of hours.
function kindsFor({ timeZone }: DateRange, by: SplitBy): readonly PeriodKind[] {
  if (by === 'session' || timeZone !== 'UTC') return ['hour'];
  return by === 'day' ? ['day', 'hour'] : ['month', 'day', 'hour'];
}

/** Names periods that make up a range, as few as possible; `known` are all that there are. */
export function cover(
  { sinceMs, untilMs }: DateRange,
  kinds: readonly PeriodKind[],
  known: readonly string[],
): readonly string[] {
  const starts = known.map(startOf);
  const first = starts.reduce((least, each) => Math.min(least, each), Number.POSITIVE_INFINITY);
  const ends = known.map(endOf);
  const last = ends.reduce((most, each) => Math.max(most, each), Number.NEGATIVE_INFINITY);
  const endMs = Math.min(untilMs, last);
  const names: string[] = [];
  let atMs = Number.isFinite(first) ? Math.max(sinceMs, startOf(periodAt(first, 'month'))) : endMs;
  while (atMs < endMs) {
    const fitting = kinds
      .map((kind) => periodAt(atMs, kind))
      .find((name) => startOf(name) === atMs && endOf(name) <= endMs);
    const name = fitting ?? periodAt(atMs, 'hour');
    names.push(name);
    atMs = endOf(name);
  }
  return names;
}

interface Sums {
  readonly total: RunningTally;
  readonly byKey: Map<string, RunningTally>;
  readonly byModel: Map<string, RunningTally>;
}

function addPeriod(
  { total, byKey, byModel }: Sums,
  told: PeriodTotals,
  { by, day }: { readonly by: SplitBy; readonly day: string },
): void {
  addTally(total, told.total);
  const keys = by === 'day' ? { [day]: told.total } : told.by[by];
  for (const [key, tally] of Object.entries(keys)) addTally(tallyAt(byKey, key), tally);
  for (const [key, tally] of Object.entries(told.by.providerModel)) {
    addTally(tallyAt(byModel, key), tally);
  }
}

/** The tally of a key; a new one where there is none. */
export function tallyAt(tallies: Map<string, RunningTally>, key: string): RunningTally {
  const found = tallies.get(key);
  if (found !== undefined) return found;
  const tally = emptyTally();
  tallies.set(key, tally);
  return tally;
}
