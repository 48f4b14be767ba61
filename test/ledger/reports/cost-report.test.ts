/** What reports say, with sums done by hand. Prices: opus-5 5/25, haiku-5-5 and so on come from the price list itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPriceList } from '../../../config/prices/price-list.ts';
import {
  type CostReport,
  type ReportRequest,
  type ReportSource,
  readCostReport,
} from '../../../ledger/reports/cost-report.ts';
import { reportCsv } from '../../../ledger/reports/report-csv.ts';
import { reportJson } from '../../../ledger/reports/report-json.ts';
import { reportText } from '../../../ledger/reports/report-text.ts';
import type { ProviderId } from '../../../schemas/provider.ts';
import { NO_USAGE, type UsageEvent } from '../../../schemas/usage.ts';
import { parseCsv } from '../exports/support/parse-csv.ts';
import { NOW_MS, usageEvent, used } from '../support/events.ts';
import { MemoryLog } from '../support/rig.ts';
import { memorySource } from './support/memory-source.ts';

const USD = 1_000_000_000_000n;
const HOUR_MS = 3_600_000;
const prices = createPriceList();
const request: ReportRequest = {
  range: { sinceMs: 0, untilMs: Number.POSITIVE_INFINITY, timeZone: 'UTC' },
  by: 'provider',
  isTotalsOnly: false,
  transcripts: null,
};

function rates(provider: ProviderId, upstreamModel: string) {
  return prices.pricesOf({ provider, upstreamModel });
}

function costing(usd: string, changes: Partial<UsageEvent> = {}): Partial<UsageEvent> {
  const picodollars = String(BigInt(usd) * USD);
  return { cost: { picodollars, priceVersion: '1', source: 'overlay' }, ...changes };
}

async function sourceOf(events: readonly UsageEvent[]): Promise<ReportSource> {
  const eventLog = new MemoryLog();
  for (const [index, event] of events.entries()) {
    eventLog.add(used(event), event.startedAtMs + 2_000 + index);
  }
  return memorySource(eventLog);
}

async function reportOf(
  events: readonly UsageEvent[],
  changes: Partial<ReportRequest> = {},
): Promise<CostReport> {
  const report = await readCostReport(await sourceOf(events), { ...request, ...changes });
  assert.ok(report !== null);
  return report;
}

test('no ledger has run: there is no report', async () => {
  const source = await memorySource(new MemoryLog(), { ledgerRuns: false });
  assert.equal(await readCostReport(source, request), null);
});

test('caching: what reads saved, less what writes cost', async () => {
  const usage = {
    ...NO_USAGE,
    cacheReadInputTokens: 1_000,
    cacheCreation5mInputTokens: 100,
    cacheCreation1hInputTokens: 10,
  };
  const upstreamModel = 'claude-opus-5';
  const { caching } = await reportOf([usageEvent('r1', { usage, upstreamModel })]);
  const { input } = rates('anthropic', upstreamModel);
  // Reads at a tenth, writes at five quarters and twice the price of input.
  assert.equal(caching.readsSaved, (1_000n * input * 9n) / 10n);
  assert.equal(caching.writesCost, (100n * input) / 4n + 10n * input);
  assert.equal(caching.saved, caching.readsSaved - caching.writesCost);
  assert.ok(input > 0n);
});

test('comparison: the same tokens at every provider that serves the model, others by Claude of the same tier', async () => {
  const usage = { ...NO_USAGE, inputTokens: 1_000, outputTokens: 100 };
  const { comparison } = await reportOf([
    usageEvent('r1', {
      usage,
      provider: 'openrouter',
      upstreamModel: 'anthropic/claude-opus-5',
      ...costing('7'),
    }),
    usageEvent('r2', {
      usage,
      provider: 'vertex-gemini',
      upstreamModel: 'gemini-3.8-flash',
      ...costing('1'),
    }),
    usageEvent('r3', {
      usage,
      provider: 'openrouter',
      upstreamModel: 'nobody/knows-this',
      ...costing('2'),
    }),
  ]);
  const cost = (provider: ProviderId, model: string): bigint => {
    const { input, output } = rates(provider, model);
    return 1_000n * input + 100n * output;
  };
  const told = Object.fromEntries(
    comparison.map(({ provider, paid, picodollars }) => [provider, [paid, picodollars]]),
  );
  assert.deepEqual(told, {
    // The gemini stands in for haiku.
    anthropic: [
      8n * USD,
      cost('anthropic', 'claude-opus-5') + cost('anthropic', 'claude-haiku-5-5'),
    ],
    openrouter: [
      8n * USD,
      cost('openrouter', 'anthropic/claude-opus-5') + cost('openrouter', 'google/gemini-3.8-flash'),
    ],
    'vertex-claude': [7n * USD, cost('vertex-claude', 'claude-opus-5')],
    'vertex-gemini': [1n * USD, cost('vertex-gemini', 'gemini-3.8-flash')],
  });
  const others = comparison.flatMap(({ models }) =>
    models.filter(({ isOtherModel }) => isOtherModel),
  );
  assert.deepEqual(
    others.map(({ to }) => to),
    [{ provider: 'anthropic', upstreamModel: 'claude-haiku-5-5' }],
  );
});

test('fallback: what it cost against the first choice, and failures that were billed', async () => {
  const usage = { ...NO_USAGE, inputTokens: 1_000 };
  const failed = { outcome: 'failed', upstreamModel: 'claude-haiku-5-5' } as const;
  const second = {
    attempt: 1,
    usage,
    provider: 'openrouter',
    upstreamModel: 'anthropic/claude-opus-5',
  } as const;
  const { fallback } = await reportOf([
    usageEvent('r1', { ...failed, ...costing('0') }),
    usageEvent('r1', { ...second, ...costing('3') }),
    usageEvent('r2', { ...failed, ...costing('2') }),
    usageEvent('r2', { ...second, attempt: 1, outcome: 'failed', ...costing('1') }),
    usageEvent('r3', { ...second, ...costing('5') }),
    usageEvent('r4', costing('9')),
  ]);
  const firstChoicePicodollars = 1_000n * rates('anthropic', 'claude-haiku-5-5').input;
  assert.deepEqual(fallback, {
    fallbacks: 1,
    paid: 3n * USD,
    firstChoicePicodollars,
    extra: 3n * USD - firstChoicePicodollars,
    withoutFirstChoice: 1,
    failedBilled: 2,
    failedPicodollars: 3n * USD,
  });
});

test('suggestions show their arithmetic, the greatest saving first, at most five', async () => {
  const upstreamModel = 'claude-opus-5';
  const usage = { ...NO_USAGE, inputTokens: 100_000, outputTokens: 2_000 };
  const { suggestions } = await reportOf([
    usageEvent('r1', { usage, upstreamModel, requestClass: 'title', ...costing('9') }),
    usageEvent('r2', { usage, upstreamModel, requestClass: 'main', ...costing('1') }),
    usageEvent('r3', { ...costing('4'), outcome: 'failed', upstreamModel: 'unknown-1' }),
    // Haiku has no smaller one, and a thousandth of a cent is no suggestion.
    usageEvent('r4', { usage, upstreamModel: 'claude-haiku-5-5', requestClass: 'title' }),
  ]);
  const { input, output } = rates('anthropic', 'claude-haiku-5-5');
  const onHaiku = 100_000n * input + 2_000n * output;
  const [titles] = suggestions.filter(({ text }) => text.startsWith('titles'));
  assert.match(
    titles?.text ?? '',
    /^titles on claude-opus-5 \(anthropic\) cost \$9\.0000; on claude-haiku-5-5 /,
  );
  assert.match(
    titles?.arithmetic ?? '',
    /^100,000 input × \$[\d.]+\/M \+ 2,000 output × \$[\d.]+\/M = \$[\d.]+$/,
  );
  assert.equal(titles?.saves, 9n * USD - onHaiku);
  const saves = suggestions.map((each) => each.saves);
  assert.deepEqual(
    saves,
    saves.toSorted((a, b) => (a < b ? 1 : -1)),
  );
  assert.ok(suggestions.length <= 5);
  assert.ok(
    suggestions.some(({ text }) => text.includes('attempts that failed were billed: 1 cost $4')),
  );
});

test('sessions beyond those that an hour keeps are told from the log', async () => {
  const events = Array.from({ length: 1_200 }, (_, index) =>
    usageEvent(`r${index}`, { sessionId: `s${index}`, startedAtMs: NOW_MS }),
  );
  const report = await reportOf(events, { by: 'session' });
  assert.equal(report.rows.length, 1_200);
  const kept = await reportOf(events, { by: 'session', isTotalsOnly: true });
  assert.equal(kept.rows.length, 1_001);
  assert.equal(kept.fallback, null);
  assert.deepEqual(kept.total, report.total);
});

test('notes tell what is not counted yet, and what has left the stream', async () => {
  const eventLog = new MemoryLog();
  for (let index = 0; index < 6; index += 1) {
    const startedAtMs = NOW_MS + index * 5 * HOUR_MS;
    eventLog.add(used(usageEvent(`r${index}`, { startedAtMs })), startedAtMs + 2_000);
  }
  const source = await memorySource(eventLog);
  eventLog.events.splice(0, 2);
  eventLog.add(used(usageEvent('late')), NOW_MS + 30 * HOUR_MS);
  const report = await readCostReport(source, request);
  assert.equal(report?.total.entries, 6);
  assert.match(
    report?.notes.join('\n') ?? '',
    /^1 events are not counted yet\nfallbacks, .* from 2026-11-22T15:30:02/,
  );
});

test('a report as text is aligned and commands no terminal; as JSON and CSV it keeps every cent', async () => {
  const changes = { ...costing('1234567'), sessionId: 'odd\u001b[31m, "name"', estimated: true };
  const report = await reportOf([usageEvent('r1', changes), usageEvent('r2', costing('1'))], {
    by: 'session',
  });
  const text = reportText(report, (line) => `<${line}>`);
  assert.match(text, /^<Costs 1970-01-01 to now, by session \(UTC\)>$/m);
  assert.deepEqual(text.split('\n').slice(1, 5), [
    'session                  USD  estimated  attempts  failed  input  cache read  cache write  output',
    'odd?[31m, "name"  1234567.00    100.0 %         1       0     10           0            0      20',
    'session-1               1.00          –         1       0     10           0            0      20',
    'total             1234568.00    100.0 %         2       0     20           0            0      40',
  ]);
  const json = JSON.parse(JSON.stringify(reportJson(report)));
  assert.deepEqual(json.rows[0].usd, 1_234_567);
  assert.equal(json.total.picodollars, (1_234_568n * USD).toString());
  assert.equal(json.until, null);
  const [header, first] = parseCsv(reportCsv(report));
  assert.deepEqual(header?.slice(0, 3), ['session', 'usd', 'picodollars']);
  assert.deepEqual(first?.slice(0, 3), ['odd\u001b[31m, "name"', '1234567', `${1_234_567n * USD}`]);
});
