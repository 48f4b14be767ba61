import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Bus, connectBus } from '../../bus/connect.ts';
import { openEventLog } from '../../bus/event-log.ts';
import { createLog } from '../../bus/log.ts';
import { loadConfig } from '../../config/load.ts';
import { createPriceList, type PriceList } from '../../config/prices/price-list.ts';
import type { RecordedRequest } from '../../sandbox/recorded-request.ts';
import type { UsageEvent } from '../../schemas/usage.ts';
import { billOf, listedBillOf, type SeenCall } from './calls.ts';
import type { TruthCluster } from './cluster.ts';
import { type Comparison, compare, type TrueCall } from './compare.ts';
import { attemptIdOf, type LoggedAttempts, readAttempts } from './entries.ts';
import type { Kill } from './killer.ts';
import { type SettledLedger, settle, untilQuiet } from './settle.ts';
import { verifyTotals } from './verify-totals.ts';

/** What the books say in the end, beside what the providers would bill. */
export interface Books {
  readonly comparison: Comparison;
  readonly ledger: SettledLedger;
  readonly attempts: LoggedAttempts;
  /** Attempts that ended without ever having been reserved. */
  readonly unreserved: number;
  /** What `npm run ledger -- verify` said. */
  readonly verified: string;
  /** What is wrong, a sentence each; empty = nothing. */
  readonly findings: readonly string[];
}

/** What the books are checked with. */
export interface BooksContext {
  readonly cluster: TruthCluster;
  /** Every call that a provider saw. */
  readonly calls: readonly SeenCall[];
  readonly killed: readonly Kill[];
}

/** A finding tells of kills this near to its call. */
const KILLS_TOLD_MS = 3_000;

/** Waits until nothing is under way, lets a ledger settle what is open, and compares. Stops the cluster's ledgers. */
export async function checkBooks({ cluster, calls, killed }: BooksContext): Promise<Books> {
  await using stack = new AsyncDisposableStack();
  const log = createLog({ level: 'error', name: 'truth' });
  const bus: Bus = stack.use(await connectBus({ servers: cluster.natsUrl, name: 'truth', log }));
  await untilQuiet(bus, cluster.spoolFiles);
  await cluster.stopLedgers();
  const dataDir = mkdtempSync(path.join(tmpdir(), 'gateway-truth-'));
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const config = loadConfig(cluster.environment, { projectDir: dataDir });
  const prices = createPriceList(config.prices);
  const ledger = await settle({ bus, log, prices, dataDir });
  const attempts = await readAttempts(openEventLog(bus), log);
  const entries = [...attempts.ends.values()];
  const comparison = compare(trueCalls(calls, prices, killed), entries);
  const { isWell, output } = await verifyTotals(cluster.environment);
  return {
    comparison,
    ledger,
    attempts,
    unreserved: entries.filter((entry) => !attempts.reserved.has(attemptIdOf(entry))).length,
    verified: output,
    findings: [
      ...comparison.findings,
      ...ledgerFindings(ledger, attempts),
      ...(isWell ? [] : [`verify: ${output}`]),
    ],
  };
}

function trueCalls(
  seen: readonly SeenCall[],
  prices: PriceList,
  killed: readonly Kill[],
): readonly TrueCall[] {
  return seen.map(({ session, record }) => ({
    session,
    provider: record.provider,
    startedAtMs: record.startedAtMs,
    picodollars: billOf(record, prices),
    listedPicodollars: listedBillOf(record, prices),
    isBilled: isBilled(record),
    fault: record.fault,
    promptTokens: promptTokens(record.input),
    cachedTokens: record.input?.cacheReadTokens ?? 0,
    story: storyOf(record, killed),
  }));
}

function promptTokens(input: RecordedRequest['input']): number {
  if (input === null) return 0;
  const { inputTokens, cacheReadTokens, cacheWrite5mTokens, cacheWrite1hTokens } = input;
  return inputTokens + cacheReadTokens + cacheWrite5mTokens + cacheWrite1hTokens;
}

// Who answers with an error and nothing else takes nothing for it.
function isBilled({ input, fault, tokensSent }: RecordedRequest): boolean {
  return input !== null && !(fault === 'error-event' && tokensSent === 0);
}

function storyOf(record: RecordedRequest, killed: readonly Kill[]): string {
  const { outcome, status, fault, tokensSent, startedAtMs, endedAtMs } = record;
  const near = killed
    .filter(({ atMs }) => Math.abs(atMs - startedAtMs) < KILLS_TOLD_MS)
    .map(({ name, atMs }) => `, ${name} killed at ${Math.round(atMs - startedAtMs)} ms`);
  const tookMs = Math.round((endedAtMs ?? startedAtMs) - startedAtMs);
  return `${outcome} in ${tookMs} ms, status ${status}, fault ${fault}, ${tokensSent} tokens${near.join('')}`;
}

// The ledger's sums against those of the log's entries, each counted once; and every attempt has its end.
function ledgerFindings(
  ledger: SettledLedger,
  { ends, reserved }: LoggedAttempts,
): readonly string[] {
  const entries = [...ends.values()];
  const sumOf = (some: readonly UsageEvent[]): bigint =>
    some.reduce((sum, { cost }) => sum + BigInt(cost?.picodollars ?? 0), 0n);
  const findings: string[] = [];
  const expect = (name: string, found: bigint | number, expected: bigint | number): void => {
    if (found !== expected) findings.push(`the ledger's ${name}: ${found}, not ${expected}`);
  };
  expect('entries', ledger.entries, entries.length);
  expect('sum', ledger.picodollars, sumOf(entries));
  const estimated = entries.filter((entry) => entry.estimated);
  expect('estimated sum', ledger.estimatedPicodollars, sumOf(estimated));
  for (const [provider, some] of Map.groupBy(entries, (entry) => entry.provider)) {
    expect(`sum of ${provider}`, ledger.byProvider.get(provider) ?? 0n, sumOf(some));
  }
  expect('open attempts', ledger.open, 0);
  for (const attemptId of reserved) {
    if (!ends.has(attemptId)) findings.push(`${attemptId} was reserved and never ended`);
  }
  return findings;
}
