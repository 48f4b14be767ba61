import type { EventLog } from '../../bus/event-log.ts';
import type { LedgerStore } from '../../bus/ledger-store.ts';
import { LIMITS } from '../../config/limits.ts';
import type { Picodollars } from '../../schemas/money.ts';
import type { DateRange } from '../reports/date-range.ts';
import { type EntrySource, readEntries, sequenceBefore } from '../reports/read-entries.ts';
import type { UsageEntry } from '../reports/usage-entry.ts';

/** What an export is made from. */
export interface ExportSource extends EntrySource {
  readonly eventLog: EventLog;
  readonly store: LedgerStore;
}

/** Which entries are exported, and where to. */
export interface ExportRequest {
  readonly range: DateRange;
  /** Ends an export that follows the log; null = it ends with the last event that there is now. */
  readonly follow: AbortSignal | null;
  write(entries: readonly UsageEntry[]): Promise<void>;
}

/** What was exported. */
export interface ExportResult {
  readonly entries: number;
  readonly picodollars: Picodollars;
  /** Events that cannot be read. */
  readonly unreadable: number;
  /** Entries before that have left the stream. Unix milliseconds; null = none are missing. */
  readonly missingBeforeMs: number | null;
}

/** Hands over all entries of a range, in the order of the log, each attempt once. Throws what `write` throws, and `readEntries`. */
export async function exportEntries(
  source: ExportSource,
  { range, follow, write }: ExportRequest,
): Promise<ExportResult> {
  const { firstSequence, lastSequence, firstStoredAtMs } = await source.eventLog.range();
  let entries = 0;
  let picodollars = 0n;
  const unreadable = await readEntries(source, {
    after: await sequenceBefore(source, range.sinceMs),
    through: follow === null ? lastSequence : null,
    ...(follow === null ? {} : { signal: follow }),
    storedUntilMs: range.untilMs + LIMITS.ledgerPeriodOpenMs,
    async onEntries(read) {
      const wanted = read.filter(
        ({ countedAtMs }) => countedAtMs >= range.sinceMs && countedAtMs < range.untilMs,
      );
      if (wanted.length === 0) return;
      await write(wanted);
      entries += wanted.length;
      for (const entry of wanted) picodollars += entry.picodollars;
    },
  });
  const isCut = firstSequence > 1 && firstStoredAtMs > range.sinceMs;
  return { entries, picodollars, unreadable, missingBeforeMs: isCut ? firstStoredAtMs : null };
}
