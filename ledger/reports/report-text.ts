import { formatUsd, PICODOLLARS_PER_USD, type Picodollars } from '../../schemas/money.ts';
import type { RunningTally } from '../state/tally.ts';
import type { CostReport } from './cost-report.ts';
import { dayAt } from './date-range.ts';
import { countText } from './priced-tokens.ts';
import { textTable } from './text-table.ts';

/** How a line is made to stand out on a terminal. */
export type Emphasize = (text: string) => string;

const ROWS_MAX = 40;
const KEY_CHARACTERS_MAX = 60;
const HEADINGS = [
  'USD',
  'estimated',
  'attempts',
  'failed',
  'input',
  'cache read',
  'cache write',
  'output',
];
const SHARE_DIGITS = 1;

/** A report for reading. The headings of its parts go through `emphasize`. */
export function reportText(report: CostReport, emphasize: Emphasize): string {
  const { range, by } = report;
  const since = dayAt(range.sinceMs, range.timeZone);
  const until = Number.isFinite(range.untilMs) ? dayAt(range.untilMs - 1, range.timeZone) : 'now';
  const parts = [
    [emphasize(`Costs ${since} to ${until}, by ${by} (${range.timeZone})`), ...rowLines(report)],
    ...otherParts(report).map(([heading = '', ...lines]) => [emphasize(heading), ...lines]),
    report.notes.map((note) => `note: ${note}`),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

function otherParts(report: CostReport): readonly (readonly string[])[] {
  return [comparisonLines, cachingLines, fallbackLines, transcriptLines, suggestionLines]
    .map((linesOf) => linesOf(report))
    .filter((lines) => lines.length > 0);
}

function rowLines({ by, rows, total }: CostReport): readonly string[] {
  const digits = digitsFor(total.picodollars);
  const shown = rows.slice(0, ROWS_MAX).map(([key, tally]) => row(clipped(key), tally, digits));
  const more = rows.length - shown.length;
  return [
    ...textTable([[by, ...HEADINGS], ...shown, row('total', total, digits)]),
    ...(more > 0 ? [`… and ${countText(more)} more: --csv and --json have all of them`] : []),
  ];
}

function row(key: string, tally: RunningTally, digits: number): readonly string[] {
  const writes = tally.cacheCreation5mInputTokens + tally.cacheCreation1hInputTokens;
  return [
    key,
    formatUsd(tally.picodollars, digits),
    shareOf(tally.estimatedPicodollars, tally.picodollars),
    countText(tally.entries),
    countText(tally.failedEntries),
    countText(tally.inputTokens),
    countText(tally.cacheReadInputTokens),
    countText(writes),
    countText(tally.outputTokens),
  ];
}

function comparisonLines({ comparison, total }: CostReport): readonly string[] {
  if (comparison.length === 0) return [];
  const digits = digitsFor(total.picodollars);
  const rows = comparison.map(({ provider, paid, picodollars, models }) => [
    `${provider}${models.some(({ isOtherModel }) => isOtherModel) ? ' *' : ''}${models.some(({ isGuess }) => isGuess) ? ' ~' : ''}`,
    formatUsd(picodollars, digits),
    formatUsd(paid, digits),
    signed(picodollars - paid, digits),
  ]);
  const marks = comparison.flatMap(({ models }) => models);
  return [
    'The same tokens elsewhere, at today’s prices',
    ...textTable([['', 'would have cost', 'cost', 'difference'], ...rows]),
    ...(marks.some(({ isOtherModel }) => isOtherModel)
      ? ['* models of others by Claude’s model of the same tier']
      : []),
    ...(marks.some(({ isGuess }) => isGuess) ? ['~ some prices are only the nearest known'] : []),
  ];
}

function cachingLines({ caching }: CostReport): readonly string[] {
  const { readsSaved, writesCost, saved } = caching;
  if (readsSaved === 0n && writesCost === 0n) return [];
  return [
    'Prompt caching',
    `saved ${usd(saved)}: reads ${usd(readsSaved)} cheaper than input, writes ${usd(writesCost)} dearer`,
  ];
}

function fallbackLines({ fallback }: CostReport): readonly string[] {
  if (fallback === null) return [];
  const { fallbacks, paid, firstChoicePicodollars, extra, withoutFirstChoice } = fallback;
  const { failedBilled, failedPicodollars } = fallback;
  if (fallbacks + withoutFirstChoice + failedBilled === 0) return [];
  return [
    'Fallbacks',
    `${countText(fallbacks)} cost ${usd(paid)}; the first choice would have taken ${usd(firstChoicePicodollars)}: ${usd(extra)} more`,
    `${countText(withoutFirstChoice)} more whose first choice answered nothing`,
    `${countText(failedBilled)} failed attempts were billed: ${usd(failedPicodollars)}`,
  ];
}

function transcriptLines({ transcripts, total }: CostReport): readonly string[] {
  if (transcripts === null) return [];
  const { throughGateway, outside, outsideByModel } = transcripts;
  const all = total.picodollars + outside.picodollars;
  const digits = digitsFor(all);
  const models = Array.from(outsideByModel, ([model, tally]) =>
    row(`  ${clipped(model)}`, tally, digits),
  );
  return [
    'With Claude Code’s own transcripts',
    ...textTable([
      ['', ...HEADINGS],
      row('through the gateway', total, digits),
      row('not through it, by Anthropic’s list', outside, digits),
      ...models,
      ['total', formatUsd(all, digits)],
    ]),
    `${countText(throughGateway)} messages of the transcripts went through the gateway and are counted once`,
  ];
}

function suggestionLines({ suggestions }: CostReport): readonly string[] {
  if (suggestions.length === 0) return [];
  const lines = suggestions.flatMap(({ text, arithmetic, saves }) => [
    `- ${text}: saves ${usd(saves)}`,
    `    ${arithmetic}`,
  ]);
  return ['Suggestions', ...lines];
}

function usd(picodollars: Picodollars): string {
  const digits = digitsFor(picodollars);
  return picodollars < 0n
    ? `−$${formatUsd(-picodollars, digits)}`
    : `$${formatUsd(picodollars, digits)}`;
}

function signed(picodollars: Picodollars, digits: number): string {
  return `${picodollars < 0n ? '−' : '+'}${formatUsd(picodollars < 0n ? -picodollars : picodollars, digits)}`;
}

// Cents matter where there are dollars.
function digitsFor(picodollars: Picodollars): number {
  const size = picodollars < 0n ? -picodollars : picodollars;
  return size >= PICODOLLARS_PER_USD ? 2 : 6;
}

function shareOf(part: Picodollars, whole: Picodollars): string {
  if (part === 0n || whole === 0n) return '–';
  return `${((Number(part) / Number(whole)) * 100).toFixed(SHARE_DIGITS)} %`;
}

// Names come from clients: none may command the terminal.
function clipped(key: string): string {
  const shown = key.replaceAll(/\p{Cc}/gu, '?');
  return shown.length > KEY_CHARACTERS_MAX ? `${shown.slice(0, KEY_CHARACTERS_MAX - 1)}…` : shown;
}
