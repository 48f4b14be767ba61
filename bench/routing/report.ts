import { CONTENDERS, MONEY_MAX, type Ratios, type Results, TIME_MAX } from './comparison.ts';
import type { DayResult } from './tally.ts';

interface Column {
  readonly name: string;
  readonly value: (day: DayResult) => number;
  readonly digits: number;
  /** Most columns are the worse the higher they are. */
  readonly isBetterHigher?: boolean;
}

const MS_PER_SECOND = 1_000;
const COLUMNS: readonly Column[] = [
  { name: 'USD', value: ({ usd }) => usd, digits: 0 },
  {
    name: 'cached %',
    value: ({ cachedShare }) => cachedShare * 100,
    digits: 1,
    isBetterHigher: true,
  },
  {
    name: 'first content s',
    value: ({ firstContentMs }) => firstContentMs.median / MS_PER_SECOND,
    digits: 2,
  },
  { name: 'p95', value: ({ firstContentMs }) => firstContentMs.p95 / MS_PER_SECOND, digits: 1 },
  { name: 'total s', value: ({ totalMs }) => totalMs.median / MS_PER_SECOND, digits: 2 },
  { name: 'p95', value: ({ totalMs }) => totalMs.p95 / MS_PER_SECOND, digits: 1 },
  { name: 'visible errors', value: ({ visibleErrors }) => visibleErrors, digits: 0 },
  { name: 'of begun answers', value: ({ brokenAnswers }) => brokenAnswers, digits: 0 },
  { name: 'failed attempts', value: ({ failedAttempts }) => failedAttempts, digits: 0 },
  { name: '429s', value: ({ rateLimits }) => rateLimits, digits: 0 },
  {
    name: 'switches per session',
    value: ({ switchesPerSession }) => switchesPerSession,
    digits: 1,
  },
  { name: 'flaps', value: ({ flaps }) => flaps, digits: 0 },
];

/** The table of all contenders, each cell the median of the days and the worst: lines of Markdown. */
export function resultTable(results: Results): readonly string[] {
  return [
    `| | ${COLUMNS.map(({ name }) => name).join(' | ')} |`,
    `|---|${COLUMNS.map(() => '--:').join('|')}|`,
    ...CONTENDERS.map((contender) => {
      const cells = COLUMNS.map((column) => cellOf(results[contender], column));
      return `| ${contender} | ${cells.join(' | ')} |`;
    }),
  ];
}

/** What was to be shown, and whether it is so: lines of Markdown. */
export function ratioTable({ money, time, errors }: Ratios): readonly string[] {
  const { intelligent, cost, performance } = errors;
  return [
    '| intelligent | median | worst day | at most |',
    '|---|--:|--:|--:|',
    `| money : cost's | ${twoDigits(median(money))} | ${twoDigits(Math.max(...money))} | ${MONEY_MAX} |`,
    `| median total time : performance's | ${twoDigits(median(time))} | ${twoDigits(Math.max(...time))} | ${TIME_MAX} |`,
    '',
    `Visible errors of all days together: intelligent ${sum(intelligent)}, cost ${sum(cost)}, performance ${sum(performance)}`,
    `(by day: ${intelligent.join(', ')}; ${cost.join(', ')}; ${performance.join(', ')}).`,
  ];
}

function cellOf(days: readonly DayResult[], { value, digits, isBetterHigher }: Column): string {
  const values = days.map(value);
  const worst = isBetterHigher === true ? Math.min(...values) : Math.max(...values);
  return `${median(values).toFixed(digits)} (${worst.toFixed(digits)})`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (place: number): number => sorted[place] ?? Number.NaN;
  return (at(Math.floor((sorted.length - 1) / 2)) + at(Math.floor(sorted.length / 2))) / 2;
}

function sum(values: readonly number[]): number {
  return values.reduce((all, each) => all + each, 0);
}

function twoDigits(value: number): string {
  return value.toFixed(2);
}
