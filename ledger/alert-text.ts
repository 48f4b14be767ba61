import type { Alert, AlertKind, AlertScope } from '../schemas/alert.ts';
import type { PeriodKind } from '../schemas/ledger.ts';
import {
  formatUsd,
  PICODOLLARS_PER_USD,
  type Picodollars,
  writePicodollars,
} from '../schemas/money.ts';
import { startOf } from './state/periods.ts';

/** A line that was crossed. */
export interface Crossing {
  readonly kind: AlertKind;
  readonly scope: AlertScope;
  readonly name: string | null;
  readonly period: PeriodKind;
  /** The period's name, e.g. `2026-11-22T05`. */
  readonly periodName: string;
  /** Per cent; null = not a step of a threshold. */
  readonly step: number | null;
  readonly threshold: Picodollars;
  readonly spent: Picodollars;
  readonly forecast: Picodollars | null;
}

const NAME_SHOWN_MAX = 40;
const CENT: Picodollars = PICODOLLARS_PER_USD / 100n;
const PERIOD_WORDS: Readonly<Record<PeriodKind, string>> = {
  hour: 'this hour',
  day: 'today',
  month: 'this month',
};

/** The id of an alert: the same for the same line and period. Holds only visible ASCII characters. */
export function alertId(crossing: Omit<Crossing, 'spent' | 'forecast'>): string {
  const { kind, scope, name, period, periodName, step, threshold } = crossing;
  // A rise has no line of its own: what is usual differs from one look to the next.
  const line = kind === 'rise' ? [] : [formatUsd(threshold)];
  const whose = name === null ? [] : [encodeURIComponent(name.toWellFormed())];
  const what = kind === 'threshold' ? [String(step)] : [kind];
  return ['alert', scope, ...whose, period, periodName, ...line, ...what].join('.');
}

/** The alert of a crossing, with its sentence. `atMs` in Unix milliseconds. */
export function alertOf(crossing: Crossing, atMs: number): Alert {
  const { kind, scope, name, period, periodName, step, threshold, spent, forecast } = crossing;
  return {
    v: 1,
    id: alertId(crossing),
    kind,
    scope,
    name,
    period,
    periodStart: new Date(startOf(periodName)).toISOString(),
    step,
    thresholdUsd: usd(threshold),
    spentUsd: usd(spent),
    spentPicodollars: writePicodollars(spent),
    atMs,
    ...(forecast === null ? {} : { forecastUsd: usd(forecast) }),
    message: sentence(crossing),
  };
}

function sentence({ kind, scope, name, period, step, ...money }: Crossing): string {
  const [spent, threshold] = [cents(money.spent), cents(money.threshold)];
  const when = PERIOD_WORDS[period];
  if (kind === 'forecast') {
    return `at the pace of the last hours today will cost ${cents(money.forecast ?? 0n)} USD, more than ${threshold} USD (${spent} USD so far)`;
  }
  if (kind === 'rise') {
    return `a sudden rise: ${spent} USD ${when}, three times what is usual at this hour would be ${threshold} USD`;
  }
  const whose = scope === 'global' ? '' : ` by ${scope} ${(name ?? '').slice(0, NAME_SHOWN_MAX)}`;
  return `${step} % of ${threshold} USD reached ${when}${whose}: ${spent} USD`;
}

function usd(picodollars: Picodollars): number {
  return Number(formatUsd(picodollars));
}

// To the cent, unless there is none.
function cents(picodollars: Picodollars): string {
  return picodollars < CENT ? formatUsd(picodollars) : formatUsd(picodollars, 2);
}
