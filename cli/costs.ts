/** `npm run costs -- …`: what was spent, on what, and what could have been. */
import path from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { openEventLog } from '../bus/event-log.ts';
import { createLedgerStore } from '../bus/ledger-store.ts';
import { createLog } from '../bus/log.ts';
import { loadCatalog } from '../config/catalog.ts';
import { loadConfig, readEnvironment } from '../config/load.ts';
import { createPriceList } from '../config/prices/price-list.ts';
import { readListInUse } from '../config/prices/refresh/start.ts';
import { eventPrices } from '../ledger/event-prices.ts';
import {
  type CostReport,
  type ReportRequest,
  readCostReport,
} from '../ledger/reports/cost-report.ts';
import { isTimeZone, monthStart, readDates } from '../ledger/reports/date-range.ts';
import type { SplitBy } from '../ledger/reports/kept-totals.ts';
import { reportCsv } from '../ledger/reports/report-csv.ts';
import { reportJson } from '../ledger/reports/report-json.ts';
import { reportText } from '../ledger/reports/report-text.ts';
import { transcriptFolders } from '../ledger/transcripts/transcript-files.ts';
import { connectToGateway } from './gateway-bus.ts';

const PROJECT_DIR = path.dirname(import.meta.dirname);
const USAGE = `usage: npm run costs -- [options]
  --since 2026-11-01    first day; default the first of this month
  --until 2026-11-30    last day; default today
  --by provider         provider, account, model, session, day, key or class
  --timezone UTC        where days begin
  --transcripts[=dir]   count what Claude Code's transcripts tell, too
  --totals              the kept totals alone, without reading the log
  --json | --csv        for programs; default is a table
`;
const SPLITS: Readonly<Record<string, SplitBy>> = {
  provider: 'provider',
  account: 'account',
  model: 'providerModel',
  session: 'session',
  day: 'day',
  key: 'clientKey',
  class: 'requestClass',
};
/** Where `--transcripts` stands alone. */
const NO_FOLDER = '';

/** What was typed. */
interface Typed extends ReportRequest {
  readonly format: 'text' | 'json' | 'csv';
}

async function main(): Promise<void> {
  const environment = readEnvironment(PROJECT_DIR);
  const typed = readOptions(process.argv.slice(2), environment['CLAUDE_CONFIG_DIR']);
  const config = loadConfig(environment, { projectDir: PROJECT_DIR });
  const log = createLog({ level: 'error', name: 'costs' });
  await using stack = new AsyncDisposableStack();
  const bus = await connectToGateway(config, { name: 'costs', log, stack });
  const { refresh: settings } = config.prices;
  const list = await readListInUse({ settings, dataDir: config.dataDir, log });
  const source = {
    eventLog: openEventLog(bus),
    store: createLedgerStore(bus),
    log,
    prices: createPriceList({ ...config.prices, list }),
    priceOf: eventPrices(createPriceList(config.prices)),
    catalog: loadCatalog(),
    enabled: new Set(config.chain),
  };
  const report = await readCostReport(source, typed);
  if (report === null) throw new Error('no totals are kept: no ledger has run yet');
  process.stdout.write(written(report, typed.format));
}

function readOptions(typedArguments: readonly string[], configDir: string | undefined): Typed {
  const { values } = parseArgs({
    args: typedArguments.map((each) => (each === '--transcripts' ? `${each}=${NO_FOLDER}` : each)),
    options: {
      since: { type: 'string' },
      until: { type: 'string' },
      by: { type: 'string', default: 'provider' },
      timezone: { type: 'string', default: 'UTC' },
      transcripts: { type: 'string' },
      totals: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      csv: { type: 'boolean', default: false },
    },
  });
  const { since = null, until = null, timezone: timeZone, by, totals: isTotalsOnly } = values;
  const { transcripts } = values;
  const split = Object.hasOwn(SPLITS, by) ? SPLITS[by] : undefined;
  if (split === undefined) throw new RangeError(`--by ${by}: ${Object.keys(SPLITS).join(', ')}`);
  if (values.json && values.csv) throw new RangeError('--json or --csv, not both');
  if (transcripts !== undefined && isTotalsOnly) {
    throw new RangeError('--transcripts needs the log: leave --totals out');
  }
  const monthMs = isTimeZone(timeZone) ? monthStart(Date.now(), timeZone) : 0;
  const named = transcripts === undefined || transcripts === NO_FOLDER ? null : transcripts;
  return {
    range: readDates({ since, until, timeZone }, monthMs),
    by: split,
    isTotalsOnly,
    transcripts: transcripts === undefined ? null : transcriptFolders(named, configDir),
    format: values.json ? 'json' : values.csv ? 'csv' : 'text',
  };
}

function written(report: CostReport, format: Typed['format']): string {
  if (format === 'csv') return reportCsv(report);
  if (format === 'json') return `${JSON.stringify(reportJson(report), null, 2)}\n`;
  return reportText(report, (text) => styleText('bold', text, { stream: process.stdout }));
}

try {
  await main();
} catch (error) {
  const isTyped = error instanceof RangeError || (error instanceof TypeError && 'code' in error);
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${message}\n${isTyped ? USAGE : ''}`);
  process.exitCode = 2;
}
