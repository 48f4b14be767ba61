/** `npm run export -- …`: the ledger's entries for other tools. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { openEventLog } from '../bus/event-log.ts';
import { createLedgerStore } from '../bus/ledger-store.ts';
import { createLog } from '../bus/log.ts';
import { loadConfig, readEnvironment } from '../config/load.ts';
import { createPriceList } from '../config/prices/price-list.ts';
import { eventPrices } from '../ledger/event-prices.ts';
import { openClaudeFolder } from '../ledger/exports/claude-folder.ts';
import { ClaudeLines } from '../ledger/exports/claude-lines.ts';
import { csvEntry, csvHeader, jsonEntry } from '../ledger/exports/entry-columns.ts';
import {
  type ExportRequest,
  type ExportResult,
  exportEntries,
} from '../ledger/exports/export-entries.ts';
import { type DateRange, readDates } from '../ledger/reports/date-range.ts';
import type { UsageEntry } from '../ledger/reports/usage-entry.ts';
import { formatUsd } from '../schemas/money.ts';
import { connectToGateway } from './gateway-bus.ts';

const PROJECT_DIR = path.dirname(import.meta.dirname);
const USAGE = `usage: npm run export -- --format claude|csv|jsonl [options]
  --out -               a file, or - for standard output; for claude a folder
  --since 2026-11-01    first day; default the first that there is
  --until 2026-11-30    last day; default today
  --timezone UTC        where days begin
  --follow              jsonl: go on with what comes, until Ctrl-C
  --cost-equivalent     claude: tokens that make claude-code-costs come to the right money; they are not the real ones
`;
const FORMATS = ['claude', 'csv', 'jsonl'] as const;
const STANDARD_OUTPUT = '-';

/** What was typed. */
interface Typed {
  readonly format: (typeof FORMATS)[number];
  readonly out: string;
  readonly range: DateRange;
  readonly isFollowing: boolean;
  readonly isCostEquivalent: boolean;
}

async function main(): Promise<void> {
  const typed = readOptions(process.argv.slice(2));
  const config = loadConfig(readEnvironment(PROJECT_DIR), { projectDir: PROJECT_DIR });
  const log = createLog({ level: 'error', name: 'export' });
  await using stack = new AsyncDisposableStack();
  const bus = await connectToGateway(config, { name: 'export', log, stack });
  const source = {
    eventLog: openEventLog(bus),
    store: createLedgerStore(bus),
    log,
    priceOf: eventPrices(createPriceList(config.prices)),
  };
  const stop = new AbortController();
  const { range, isFollowing } = typed;
  if (isFollowing)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const write =
    typed.format === 'claude' ? toFolder(typed) : await toStream(typed, { stop, stack });
  const result = await exportEntries(source, {
    range,
    write,
    follow: isFollowing ? stop.signal : null,
  });
  tell(result, typed);
}

function readOptions(typedArguments: string[]): Typed {
  const { values } = parseArgs({
    args: typedArguments,
    options: {
      format: { type: 'string', default: '' },
      out: { type: 'string' },
      since: { type: 'string' },
      until: { type: 'string' },
      timezone: { type: 'string', default: 'UTC' },
      follow: { type: 'boolean', default: false },
      'cost-equivalent': { type: 'boolean', default: false },
    },
  });
  const { since = null, until = null, timezone: timeZone, follow: isFollowing } = values;
  const format = FORMATS.find((each) => each === values.format);
  const out = values.out ?? (format === 'claude' ? undefined : STANDARD_OUTPUT);
  const isCostEquivalent = values['cost-equivalent'];
  if (format === undefined) throw new RangeError(`--format ${FORMATS.join('|')}`);
  if (out === undefined || (format === 'claude' && out === STANDARD_OUTPUT)) {
    throw new RangeError('--format claude needs a folder: --out');
  }
  if (isFollowing && format !== 'jsonl') throw new RangeError('--follow is for --format jsonl');
  if (isCostEquivalent && format !== 'claude') {
    throw new RangeError('--cost-equivalent is for --format claude');
  }
  const range = readDates({ since, until, timeZone }, 0);
  return { format, out, range, isFollowing, isCostEquivalent };
}

function toFolder({ out, isCostEquivalent }: Typed): ExportRequest['write'] {
  const folder = openClaudeFolder(path.resolve(out));
  const lines = new ClaudeLines(isCostEquivalent ? 'cost-equivalent' : 'tokens');
  return (entries) =>
    folder.write(entries.map((entry) => lines.lineOf(entry)).filter((line) => line !== null));
}

async function toStream(
  { format, out }: Typed,
  { stop, stack }: { readonly stop: AbortController; readonly stack: AsyncDisposableStack },
): Promise<ExportRequest['write']> {
  const stream: Writable = out === STANDARD_OUTPUT ? process.stdout : createWriteStream(out);
  let failure: Error | null = null;
  stream.on('error', (error) => {
    failure = error;
    stop.abort();
  });
  if (out !== STANDARD_OUTPUT) {
    await once(stream, 'open');
    stack.defer(async () => {
      stream.end();
      await once(stream, 'close');
    });
  }
  const put = async (text: string): Promise<void> => {
    if (failure === null && !stream.write(text)) await once(stream, 'drain');
    if (failure !== null) throw failure;
  };
  if (format === 'csv') await put(csvHeader());
  const textOf = format === 'csv' ? csvEntry : jsonEntry;
  return (entries: readonly UsageEntry[]) => put(entries.map(textOf).join(''));
}

function tell(result: ExportResult, { isCostEquivalent }: Typed): void {
  const { entries, picodollars, unreadable, missingBeforeMs } = result;
  say(`${entries} attempts, ${formatUsd(picodollars)} USD`);
  if (isCostEquivalent) say(`tokens stand for money, at $3 per million, and are not the real ones`);
  if (unreadable > 0) say(`${unreadable} events cannot be read and are left out`);
  if (missingBeforeMs !== null) {
    say(
      `NOT COMPLETE: entries before ${new Date(missingBeforeMs).toISOString()} have left the stream`,
    );
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

try {
  await main();
} catch (error) {
  const isPipeClosed = error instanceof Error && 'code' in error && error.code === 'EPIPE';
  const isTyped = error instanceof RangeError || (error instanceof TypeError && 'code' in error);
  const message = error instanceof Error ? error.message : String(error);
  // Whoever read has read enough.
  if (!isPipeClosed) say(`${message}${isTyped ? `\n${USAGE}` : ''}`);
  process.exitCode = isPipeClosed ? 0 : 2;
}
