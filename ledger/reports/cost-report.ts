import type { EventLog } from '../../bus/event-log.ts';
import type { LedgerStore } from '../../bus/ledger-store.ts';
import { LIMITS } from '../../config/limits.ts';
import { KEY_OF_OTHERS } from '../../schemas/ledger.ts';
import type { RunningTally } from '../state/tally.ts';
import type { TranscriptTotals } from '../transcripts/outside-messages.ts';
import { readTranscripts } from '../transcripts/read-transcripts.ts';
import { type CacheSavings, cacheSavingsByModel, sumOfSavings } from './caching.ts';
import { type ComparisonContext, compareProviders, type ProviderComparison } from './comparison.ts';
import type { DateRange } from './date-range.ts';
import type { FallbackCosts } from './fallback-costs.ts';
import { type KeptTotals, readKeptTotals, type SplitBy } from './kept-totals.ts';
import { LogDetails } from './log-details.ts';
import { type EntrySource, readEntries, sequenceBefore } from './read-entries.ts';
import { type Suggestion, suggestionsFor } from './suggestions.ts';

/** What a report is asked for. */
export interface ReportRequest {
  readonly range: DateRange;
  readonly by: SplitBy;
  /** From the kept totals alone: at once, and without what only the log tells. */
  readonly isTotalsOnly: boolean;
  /** Folders of Claude Code's transcripts; null = they are not read. */
  readonly transcripts: readonly string[] | null;
}

/** What a report is made from. */
export interface ReportSource extends EntrySource, ComparisonContext {
  readonly eventLog: EventLog;
  readonly store: LedgerStore;
}

/** What was spent, on what, and what could have been. Money in picodollars. */
export interface CostReport {
  readonly range: DateRange;
  readonly by: SplitBy;
  readonly total: RunningTally;
  /** Days in their order, everything else with the dearest first. */
  readonly rows: readonly (readonly [key: string, tally: RunningTally])[];
  readonly comparison: readonly ProviderComparison[];
  readonly caching: CacheSavings;
  /** Null = the log was not read. */
  readonly fallback: FallbackCosts | null;
  readonly suggestions: readonly Suggestion[];
  readonly transcripts: TranscriptTotals | null;
  /** What one must know to read it right, a sentence each. */
  readonly notes: readonly string[];
}

/** Makes a report. Null = no ledger has run yet. Throws when nats-server or a transcript cannot be read. */
export async function readCostReport(
  source: ReportSource,
  request: ReportRequest,
): Promise<CostReport | null> {
  const { range, by } = request;
  const kept = await readKeptTotals(source.store, range, by);
  if (kept === null) return null;
  const notes: string[] = [];
  const details = request.isTotalsOnly ? null : await readDetails(source, { request, kept, notes });
  const comparison = compareProviders(kept.byModel, source);
  const caching = cacheSavingsByModel(kept.byModel, source.prices);
  const fallback = details?.fallback ?? null;
  const byClass = details?.byClass ?? null;
  const facts = { byClass, byModel: kept.byModel, comparison, caching, fallback };
  return {
    range,
    by,
    total: kept.total,
    rows: sorted(rowsOf(kept, details, by), by),
    comparison,
    caching: sumOfSavings(caching),
    fallback,
    suggestions: suggestionsFor(facts, source),
    transcripts: await readOutside(source, { request, details, notes }),
    notes,
  };
}

async function readDetails(
  source: ReportSource,
  { request, kept, notes }: { request: ReportRequest; kept: KeptTotals; notes: string[] },
): Promise<LogDetails> {
  const { range, transcripts } = request;
  const { firstSequence, lastSequence, firstStoredAtMs } = await source.eventLog.range();
  const details = new LogDetails(range, {
    prices: source.prices,
    hasMessages: transcripts !== null,
  });
  const unreadable = await readEntries(source, {
    after: await sequenceBefore(source, range.sinceMs),
    through: Math.min(kept.sequence, lastSequence),
    storedUntilMs: range.untilMs + LIMITS.ledgerPeriodOpenMs,
    onEntries: (entries) => {
      for (const entry of entries) details.add(entry);
    },
  });
  if (unreadable > 0) notes.push(`${unreadable} events cannot be read and are left out`);
  if (lastSequence > kept.sequence) {
    notes.push(`${lastSequence - kept.sequence} events are not counted yet`);
  }
  if (firstSequence > 1 && firstStoredAtMs > range.sinceMs) {
    const date = new Date(firstStoredAtMs).toISOString();
    notes.push(
      `fallbacks, classes and transcripts are told from ${date} on: older events have left the stream`,
    );
  }
  return details;
}

// Of what has left the stream nobody can say any more whether it went through the gateway.
async function readOutside(
  source: ReportSource,
  options: { request: ReportRequest; details: LogDetails | null; notes: string[] },
): Promise<TranscriptTotals | null> {
  const { request, details, notes } = options;
  const gateway = details?.messages ?? null;
  if (request.transcripts === null || gateway === null) return null;
  if (request.transcripts.length === 0) notes.push('no transcripts were found');
  const { firstSequence, firstStoredAtMs } = await source.eventLog.range();
  const { sinceMs, untilMs } = request.range;
  const knownFromMs = firstSequence > 1 ? Math.max(sinceMs, firstStoredAtMs) : sinceMs;
  const context = { gateway, prices: source.prices, sinceMs: knownFromMs, untilMs };
  return await readTranscripts(request.transcripts, context);
}

// An hour holds so many sessions and the sum of the others; the log has all of them.
function rowsOf(
  kept: KeptTotals,
  details: LogDetails | null,
  by: SplitBy,
): ReadonlyMap<string, RunningTally> {
  if (by !== 'session' || details === null || !kept.byKey.has(KEY_OF_OTHERS)) return kept.byKey;
  const told = Array.from(details.bySession.values()).reduce(
    (sum, { entries }) => sum + entries,
    0,
  );
  return told === kept.total.entries ? details.bySession : kept.byKey;
}

function sorted(rows: ReadonlyMap<string, RunningTally>, by: SplitBy): CostReport['rows'] {
  return [...rows].toSorted(([nameA, a], [nameB, b]) => {
    if (by !== 'day' && a.picodollars !== b.picodollars) {
      return a.picodollars < b.picodollars ? 1 : -1;
    }
    return nameA < nameB ? -1 : 1;
  });
}
