/**
 * `npm run bench:storm`: 10,000 requests of many sessions through a whole gateway while three of its four providers fail
 * and recover at random. No client may see an error. Each quarter has another survivor and another strategy.
 *
 * Then what routing costs: one request at a time, with a router and without.
 */
import { parseArgs } from 'node:util';
import { startSandbox } from '../sandbox/start.ts';
import type { ProviderId } from '../schemas/provider.ts';
import { STRATEGY_NAMES, type StrategyName } from '../schemas/routing.ts';
import { percentile } from './load.ts';
import { sharesOverTime, switchTimes } from './storm/attempts.ts';
import { startGatewayProcess } from './storm/gateway-process.ts';
import { measureRoutingCosts } from './storm/overhead.ts';
import { runStorm, type StormResult } from './storm/storm.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '10000' },
    concurrency: { type: 'string', default: '64' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    'answer-ms': { type: 'string', default: '150' },
    'change-ms': { type: 'string', default: '400' },
    'skip-overhead': { type: 'boolean', default: false },
  },
});

const PROVIDERS: readonly ProviderId[] = [
  'anthropic',
  'vertex-claude',
  'openrouter',
  'vertex-gemini',
];
/** What a stalled stream may take: a client of Claude Code waits longer. */
const TIMEOUT_SECONDS = 16;
const WARM_REQUESTS = 500;
const SLICES = 6;
const ERRORS_SHOWN_MAX = 5;

function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

async function storm(healthy: ProviderId, strategy: StrategyName): Promise<StormResult> {
  await using sandbox = await startSandbox({
    host: '127.0.0.1',
    port: 0,
    nowMs: () => performance.timeOrigin + performance.now(),
  });
  await using gateway = await startGatewayProcess({
    upstream: sandbox.url,
    providers: PROVIDERS,
    environment: { DEFAULT_ROUTING_STRATEGY: strategy },
  });
  return await runStorm({
    origin: gateway.origin,
    control: sandbox.control,
    providers: PROVIDERS,
    healthy,
    requests: Math.ceil(Number(values.requests) / PROVIDERS.length),
    warmRequests: WARM_REQUESTS,
    concurrency: Number(values.concurrency),
    seed: `${values.seed} ${healthy}`,
    answerMs: Number(values['answer-ms']),
    changeMs: Number(values['change-ms']),
    timeoutSeconds: TIMEOUT_SECONDS,
  });
}

function report(result: StormResult): void {
  const { errors, attempts, seen, changes, seconds } = result;
  const switchedMs = switchTimes(seen);
  const faults = changes.filter(({ fault }) => fault !== null).length;
  print(`${attempts.length} requests in ${seconds.toFixed(1)} s, ${faults} faults`);
  print(`client-visible errors: ${errors.length}`);
  for (const each of errors.slice(0, ERRORS_SHOWN_MAX)) print(`  ${JSON.stringify(each)}`);
  const p50Ms = percentile(switchedMs, 0.5).toFixed(1);
  const p99Ms = percentile(switchedMs, 0.99).toFixed(1);
  print(`from failure to the next provider: p50 ${p50Ms} ms, p99 ${p99Ms} ms`);
  const counts = [1, 2, 3].map((count) => attempts.filter((each) => each === count).length);
  print(`requests with 1, 2, 3 attempts: ${counts.join(', ')}`);
  print('attempts by provider over time, %');
  for (const [index, provider] of PROVIDERS.entries()) {
    const shares = sharesOverTime(seen, PROVIDERS, SLICES).map((slice) =>
      `${Math.round((slice[index] ?? 0) * 100)}`.padStart(4),
    );
    print(`  ${provider.padEnd(16)}${shares.join('')}`);
  }
}

print(`seed ${values.seed}`);
const results: StormResult[] = [];
for (const [index, healthy] of PROVIDERS.entries()) {
  const strategy = STRATEGY_NAMES[index] ?? 'intelligent';
  print(`\n${healthy} stays well, strategy ${strategy}`);
  const result = await storm(healthy, strategy);
  report(result);
  results.push(result);
}
const errors = results.flatMap((result) => result.errors).length;
const attempts = results.flatMap((result) => result.attempts);
const switchedMs = results.flatMap(({ seen }) => switchTimes(seen));
const mean = attempts.reduce((sum, each) => sum + each, 0) / attempts.length;
print(
  `\nall: ${attempts.length} requests, ${errors} client-visible errors, ${mean.toFixed(3)} attempts a request, ` +
    `from failure to the next provider p50 ${percentile(switchedMs, 0.5).toFixed(1)} ms`,
);
if (!values['skip-overhead']) {
  print('\none request at a time');
  for (const { name, p50Ms, differenceMs } of await measureRoutingCosts()) {
    const sign = differenceMs < 0 ? '' : '+';
    print(
      `  ${name.padEnd(32)}p50 ${p50Ms.toFixed(2)} ms, median of rounds ${sign}${differenceMs.toFixed(2)} ms`,
    );
  }
}
if (errors > 0) process.exitCode = 1;
