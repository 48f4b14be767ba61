import { kindOf } from '../ledger/state/periods.ts';
import { type RunningTotals, unpackTotals } from '../ledger/state/running-totals.ts';
import type { Snapshot } from '../ledger/state/snapshot.ts';
import type { RunningTally } from '../ledger/state/tally.ts';
import { PERIOD_KINDS } from '../schemas/ledger.ts';
import { formatUsd } from '../schemas/money.ts';

const USD_DIGITS = 6;
const KEY_COLUMNS = 48;

/** What is kept, as text: the last hour, day and month that are open, by provider and model; and how the ledger is. */
export function showTotals(snapshot: Snapshot, lastSequence: number): string {
  const lines = PERIOD_KINDS.flatMap((kind) => {
    const periods = snapshot.periods.filter(([period]) => kindOf(period) === kind);
    const [period, totals] = periods.sort(([a], [b]) => (a < b ? -1 : 1)).at(-1) ?? [];
    return period === undefined || totals === undefined ? [] : show(period, unpackTotals(totals));
  });
  const { sequence, reservations, oddities } = snapshot;
  const odd = Object.entries(oddities).filter(([, count]) => count > 0);
  return [
    ...lines,
    `events counted: ${sequence} of ${lastSequence}; attempts under way: ${reservations.length}`,
    ...odd.map(([name, count]) => `${name}: ${count}`),
  ].join('\n');
}

function show(period: string, { total, by }: RunningTotals): readonly string[] {
  const keys = [...by.provider, ...by.providerModel];
  return [line(period, total), ...keys.map(([key, tally]) => line(`  ${key}`, tally))];
}

function line(name: string, tally: RunningTally): string {
  const estimated =
    tally.estimatedEntries === 0
      ? ''
      : `, of which ${formatUsd(tally.estimatedPicodollars, USD_DIGITS)} estimated`;
  const usd = formatUsd(tally.picodollars, USD_DIGITS);
  return `${name.padEnd(KEY_COLUMNS)} ${usd} USD in ${tally.entries} attempts${estimated}`;
}
