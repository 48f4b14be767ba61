/** What reports and exports read from, without a server; and a log of random attempts. */
import fc from 'fast-check';
import type { EventReader, EventReaderOptions } from '../../../../bus/event-stream.ts';
import { loadCatalog } from '../../../../config/catalog.ts';
import { createPriceList } from '../../../../config/prices/price-list.ts';
import type { ReportSource } from '../../../../ledger/reports/cost-report.ts';
import { CountedEntries, type UsageEntry } from '../../../../ledger/reports/usage-entry.ts';
import { NO_USAGE, type UsageEvent } from '../../../../schemas/usage.ts';
import { usageEvent, used } from '../../support/events.ts';
import { log, MemoryLog, MemoryStore, priceOf, runLedger } from '../../support/rig.ts';

const HOUR_MS = 3_600_000;
/** When random logs begin: Europe’s summer time and a month end soon after. */
export const START_MS = Date.UTC(2026, 9, 23);
const BATCH = 7;

/** A source over a log whose ledger has run to its end. */
export async function memorySource(
  eventLog: MemoryLog,
  options: { readonly ledgerRuns?: boolean } = {},
): Promise<ReportSource> {
  const store = new MemoryStore();
  if (options.ledgerRuns !== false) await runLedger(eventLog, store);
  return {
    eventLog: {
      range: () => eventLog.range(),
      storedAt: (sequence) => eventLog.storedAt(sequence),
      read: (reading) => readMemory(eventLog, reading),
    },
    store,
    log,
    priceOf,
    prices: createPriceList(),
    catalog: loadCatalog(),
    enabled: new Set(['anthropic', 'openrouter', 'vertex-claude']),
  };
}

function readMemory(eventLog: MemoryLog, options: EventReaderOptions): EventReader {
  let isStopped = false;
  const tell = async (): Promise<void> => {
    const events = eventLog.events.filter(({ sequence }) => sequence > options.after);
    for (let from = 0; from === 0 || from < events.length; from += BATCH) {
      await Promise.resolve();
      if (isStopped) return;
      await options.onEvents(events.slice(from, from + BATCH), from + BATCH >= events.length);
    }
  };
  const told = tell();
  return {
    async [Symbol.asyncDispose]() {
      isStopped = true;
      await told;
    },
  };
}

/** All entries of a log that count. */
export function countedEntries(eventLog: MemoryLog): readonly UsageEntry[] {
  const counted = new CountedEntries(priceOf);
  return eventLog.events.map((event) => counted.take(event)).filter((entry) => entry !== null);
}

const MODELS = ['claude-opus-5', 'claude-haiku-5-5', 'gemini-3.8-flash', 'nobody-knows "it", \r\n'];
const PROVIDERS = ['anthropic', 'openrouter', 'vertex-gemini', 'openai-compatible-ollama'] as const;
const tokens = fc.oneof(fc.constant(0), fc.nat(200_000));

const attempt = fc.record({
  request: fc.nat(40),
  attempt: fc.nat(1),
  provider: fc.constantFrom(...PROVIDERS),
  upstreamModel: fc.constantFrom(...MODELS),
  sessionId: fc.constantFrom('s1', 's2', '../../etc/passwd', '', null),
  picodollars: fc.bigInt({ min: 0n, max: 10n ** 13n }),
  isPriced: fc.boolean(),
  outcome: fc.constantFrom('completed', 'failed', 'cancelled', 'lost'),
  requestClass: fc.constantFrom('main', 'title', 'subagent', null),
  messageId: fc.constantFrom('', null),
  stopReason: fc.constantFrom('end_turn', '', null),
  estimated: fc.boolean(),
  usage: fc.record({
    inputTokens: tokens,
    cacheReadInputTokens: tokens,
    cacheCreation5mInputTokens: tokens,
    cacheCreation1hInputTokens: tokens,
    outputTokens: tokens,
  }),
  /** Between this event and the one before. */
  pauseMs: fc.oneof(fc.nat(20 * HOUR_MS), fc.nat(HOUR_MS)),
  /** Between its end and its storing; negative = a clock that is ahead. */
  lateMs: fc.oneof(fc.nat(1_000), fc.integer({ min: -2 * HOUR_MS, max: 9 * HOUR_MS })),
});

/** Logs of up to 60 events over some weeks: attempts repeated, late, from clocks that are ahead, priced and not. */
export const randomLog = fc.array(attempt, { maxLength: 60 }).map((attempts) => {
  const eventLog = new MemoryLog();
  let storedAtMs = START_MS;
  for (const { request, usage, picodollars, isPriced, pauseMs, lateMs, ...rest } of attempts) {
    storedAtMs += pauseMs;
    const changes: Partial<UsageEvent> = {
      ...rest,
      startedAtMs: storedAtMs - lateMs - 1_000,
      usage: { ...NO_USAGE, ...usage },
      messageId: rest.messageId === null ? null : `msg_r${request}x${rest.attempt}`,
      cost: isPriced
        ? { picodollars: `${picodollars}`, priceVersion: '1', source: 'overlay' }
        : null,
    };
    eventLog.add(used(usageEvent(`r${request}`, changes)), storedAtMs);
  }
  return eventLog;
});
