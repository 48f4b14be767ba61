import { formatUsd, writePicodollars } from '../../schemas/money.ts';
import type { UsageEntry } from '../reports/usage-entry.ts';
import { type CsvField, csvRecord } from './csv.ts';

type Column = readonly [name: string, read: (entry: UsageEntry) => CsvField];

/** What an export tells of an attempt, in this order. Names are those of usage events where they have one. */
const COLUMNS: readonly Column[] = [
  ['endedAt', ({ endedAtMs }) => new Date(endedAtMs).toISOString()],
  // In whose hour it is counted; another time than its end when it came late.
  ['countedAt', ({ countedAtMs }) => new Date(countedAtMs).toISOString()],
  ['requestId', ({ requestId }) => requestId],
  ['attempt', ({ attempt }) => attempt],
  ['messageId', ({ messageId }) => messageId],
  ['sessionId', ({ sessionId }) => sessionId],
  ['agentId', ({ agentId }) => agentId],
  ['clientKeyId', ({ clientKeyId }) => clientKeyId],
  ['requestClass', ({ requestClass }) => requestClass],
  ['provider', ({ provider }) => provider],
  ['account', ({ account }) => account],
  ['requestModel', ({ requestModel }) => requestModel],
  ['upstreamModel', ({ upstreamModel }) => upstreamModel],
  ['responseModel', ({ responseModel }) => responseModel],
  ['outcome', ({ outcome }) => outcome],
  ['status', ({ status }) => status],
  ['errorType', ({ errorType }) => errorType],
  ['stopReason', ({ stopReason }) => stopReason],
  ['durationMs', ({ durationMs }) => durationMs],
  ['firstByteMs', ({ firstByteMs }) => firstByteMs],
  ['estimated', ({ isEstimated }) => isEstimated],
  ['inputTokens', ({ usage }) => usage.inputTokens],
  ['cacheReadInputTokens', ({ usage }) => usage.cacheReadInputTokens],
  ['cacheCreation5mInputTokens', ({ usage }) => usage.cacheCreation5mInputTokens],
  ['cacheCreation1hInputTokens', ({ usage }) => usage.cacheCreation1hInputTokens],
  ['outputTokens', ({ usage }) => usage.outputTokens],
  ['reasoningOutputTokens', ({ usage }) => usage.reasoningOutputTokens],
  ['webSearchRequests', ({ usage }) => usage.webSearchRequests],
  ['picodollars', ({ picodollars }) => writePicodollars(picodollars)],
  ['priceSource', ({ priceSource }) => priceSource],
  ['priceVersion', ({ priceVersion }) => priceVersion],
];

/** The first record of the CSV export. */
export function csvHeader(): string {
  return csvRecord([...COLUMNS.map(([name]) => name), 'usd']);
}

/** An entry as a CSV record; `usd` is exact, as is `picodollars` (10⁻¹² USD). */
export function csvEntry(entry: UsageEntry): string {
  return csvRecord([...valuesOf(entry), formatUsd(entry.picodollars)]);
}

/** An entry as a JSON line with the fields of the CSV export; `usd` is a number, `picodollars` a string of digits. */
export function jsonEntry(entry: UsageEntry): string {
  const values = valuesOf(entry);
  const fields = COLUMNS.map(([name], index) => [name, values[index]] as const);
  const usd = usdNumber(entry.picodollars);
  return `${JSON.stringify({ v: 1, ...Object.fromEntries(fields), usd })}\n`;
}

/** Dollars as the number that is nearest: up to 15 digits it reads back as the very amount. */
export function usdNumber(picodollars: bigint): number {
  return Number(formatUsd(picodollars));
}

function valuesOf(entry: UsageEntry): readonly CsvField[] {
  return COLUMNS.map(([, read]) => read(entry));
}
