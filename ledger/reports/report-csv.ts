import { formatUsd, writePicodollars } from '../../schemas/money.ts';
import { csvRecord } from '../exports/csv.ts';
import type { CostReport } from './cost-report.ts';

const COLUMNS = [
  'usd',
  'picodollars',
  'estimatedPicodollars',
  'entries',
  'estimatedEntries',
  'failedEntries',
  'unpricedEntries',
  'inputTokens',
  'cacheReadInputTokens',
  'cacheCreation5mInputTokens',
  'cacheCreation1hInputTokens',
  'outputTokens',
  'reasoningOutputTokens',
  'webSearchRequests',
] as const;

/** The rows of a report as a table (RFC 4180): the first column is the key and has the name of what it was split by. */
export function reportCsv({ by, rows }: CostReport): string {
  const records = rows.map(([key, tally]) => {
    const money = {
      usd: formatUsd(tally.picodollars),
      picodollars: writePicodollars(tally.picodollars),
      estimatedPicodollars: writePicodollars(tally.estimatedPicodollars),
    };
    const row = { ...tally, ...money };
    return csvRecord([key, ...COLUMNS.map((column) => row[column])]);
  });
  return [csvRecord([by, ...COLUMNS]), ...records].join('');
}
