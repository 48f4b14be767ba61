/**
 * `npm run bench:truth`: 10,000 mixed requests through a gateway in many processes, while workers, ledgers and nats-server are
 * killed at random (`kill -9`). Then its books are compared with what the providers would bill, attempt by attempt.
 */
import { parseArgs } from 'node:util';
import { formatUsd } from '../schemas/money.ts';
import type { Comparison } from './truth/compare.ts';
import { type EstimateSum, percentOff, totalOf } from './truth/estimate-sums.ts';
import { runTruth, type TruthResult } from './truth/run.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '10000' },
    concurrency: { type: 'string', default: '48' },
    'kill-ms': { type: 'string', default: '1500' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});

/** Estimated entries must be this near to what is owed, in sum: those of cached prompts, and the others. */
const ESTIMATED_PERCENT_MAX = 20;
const FINDINGS_SHOWN_MAX = 30;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function line(name: string, sum: EstimateSum): string {
  const { entries, entered, owed } = sum;
  const usd = `${formatUsd(entered.picodollars, 6)} entered, ${formatUsd(owed.picodollars, 6)} owed`;
  const off = `${percentOff(sum).toFixed(1)} %`;
  const tokens = `${entered.promptTokens} prompt tokens for ${owed.promptTokens}`;
  const cached = `${entered.cachedTokens} cached for ${owed.cachedTokens}`;
  return `  ${name.padEnd(34)}${String(entries).padStart(6)} entries, USD ${usd}, ${off}; ${tokens}, ${cached}`;
}

function printSums(name: string, sums: Comparison['estimated']): void {
  print(line(name, totalOf(sums.values())));
  for (const [kind, sum] of [...sums].sort()) print(line(`  ${kind}`, sum));
}

function report(result: TruthResult): void {
  const { clients, killed, calls, comparison, ledger, verified } = result;
  const kills = Object.entries(Object.groupBy(killed, ({ name }) => name))
    .map(([name, times]) => `${name} ${times?.length ?? 0}`)
    .sort();
  print(
    `${clients.requests} requests of ${clients.conversations} conversations in ${result.seconds.toFixed(0)} s, ${clients.tries} tries: ${clients.answered} answered, ` +
      `${clients.left} left, ${clients.failed} failed`,
  );
  print(`kill -9: ${killed.length} (${kills.join(', ')})`);
  print(`the providers saw ${calls} calls; the ledger has ${ledger.entries} entries`);
  print(line('exact', comparison.exact));
  printSums('estimated, not cached', comparison.estimated);
  printSums('estimated, cached', comparison.estimatedCached);
  printSums('estimated by provider', comparison.estimatedByProvider);
  print(`  free                              ${String(comparison.free).padStart(6)} entries`);
  print(
    `told twice and counted once: ${result.attempts.repeated}; ended without a reservation: ${result.unreserved}; ` +
      `settled by the sweeper: ${ledger.swept}; open after it: ${ledger.open}`,
  );
  print(`odd: ${JSON.stringify(ledger.oddities)}`);
  print(`verify: ${verified}`);
}

print(`seed ${values.seed}`);
const result = await runTruth({
  requests: Number(values.requests),
  concurrency: Number(values.concurrency),
  killMs: Number(values['kill-ms']),
  seed: values.seed,
});
report(result);
const findings = [...result.findings];
const { estimated, estimatedCached } = result.comparison;
for (const [name, sums] of Object.entries({ uncached: estimated, cached: estimatedCached })) {
  const offPercent = percentOff(totalOf(sums.values()));
  if (Math.abs(offPercent) > ESTIMATED_PERCENT_MAX) {
    findings.push(`estimated entries of ${name} prompts are ${offPercent.toFixed(1)} % off in sum`);
  }
}
for (const finding of findings.slice(0, FINDINGS_SHOWN_MAX)) print(`WRONG: ${finding}`);
print(findings.length === 0 ? 'all is well' : `${findings.length} findings`);
if (findings.length > 0) process.exitCode = 1;
