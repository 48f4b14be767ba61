/**
 * Side by side in one run: direct, the floor, the gateway in one process, the gateway with a process per role.
 *
 * Load generator and upstream are pinned to core 0, the thing under test to core 1. CPU per request (utime + stime of
 * its process tree) is the figure to trust on a noisy machine; targets are interleaved and medians taken.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { findNatsServer } from '../bus/nats-server-binary.ts';
import { CASES, type Case } from './cases.ts';
import { measureIdleStreams } from './idle-streams.ts';
import { type LoadResult, percentile, runLoad } from './load.ts';
import { treeUsage } from './process-tree.ts';
import {
  directTarget,
  floorTarget,
  oneProcessTarget,
  processPerRoleTarget,
  type Target,
} from './targets.ts';
import { measureTranslation } from './translation.ts';
import { startUpstream } from './upstream.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});

interface Sample {
  readonly cpuMs: number;
  readonly load: LoadResult;
}

async function measure(target: Target, load: Case): Promise<Sample> {
  const request = { ...load, origin: target.origin, path: '/v1/messages' };
  await runLoad(request, { concurrency: load.concurrency, seconds: 1 });
  const before = treeUsage(target.pids);
  const result = await runLoad(request, {
    concurrency: load.concurrency,
    seconds: Number(values.seconds),
  });
  const after = treeUsage(target.pids);
  return { load: result, cpuMs: (after.cpuMs - before.cpuMs) / Math.max(1, result.requests) };
}

function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

const IDLE_ROUNDS = 3;
const WARM_UP_SECONDS = 6;
const WARM_UP_REQUESTS = 12_000;

const lines: string[] = [];
function print(line = ''): void {
  lines.push(line);
  process.stdout.write(`${line}\n`);
}

async function runCase(load: Case, targets: readonly Target[]): Promise<void> {
  const samples = new Map<Target, Sample[]>(targets.map((target) => [target, []]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const target of targets) samples.get(target)?.push(await measure(target, load));
  }
  const cpuOf = (target: Target): number =>
    median((samples.get(target) ?? []).map(({ cpuMs }) => cpuMs));
  const floor = targets.find(({ name }) => name === 'floor');
  const floorCpuMs = floor === undefined ? Number.NaN : cpuOf(floor);
  print(`\n### ${load.name} (${load.concurrency} at once)\n`);
  print(
    '| | requests/s | p50 ms | p99 ms | first content p50 ms | CPU ms/request | CPU : floor | errors |',
  );
  print('|---|--:|--:|--:|--:|--:|--:|--:|');
  for (const target of targets) {
    const loads = (samples.get(target) ?? []).map((sample) => sample.load);
    const of = (pick: (result: LoadResult) => number, digits = 2): string =>
      median(loads.map(pick)).toFixed(digits);
    const cpuMs = cpuOf(target);
    print(
      `| ${target.name} | ${of(({ requests, seconds }) => requests / seconds, 0)} ` +
        `| ${of(({ latencyMs }) => percentile(latencyMs, 0.5))} ` +
        `| ${of(({ latencyMs }) => percentile(latencyMs, 0.99))} ` +
        `| ${of(({ firstByteMs }) => percentile(firstByteMs, 0.5))} ` +
        `| ${target.pids.length === 0 ? '–' : cpuMs.toFixed(3)} ` +
        `| ${target.pids.length === 0 ? '–' : (cpuMs / floorCpuMs).toFixed(2)} ` +
        `| ${loads.reduce((sum, { errors }) => sum + errors, 0)} |`,
    );
  }
}

// Children inherit it: upstream and load generator share a core, targets get the other.
execFileSync('taskset', ['-p', '-c', '0', String(process.pid)]);
await using stack = new AsyncDisposableStack();
const upstream = stack.use(await startUpstream());
const natsServer = await findNatsServer({
  natsServerBin: process.env['NATS_SERVER_BIN'] ?? null,
  searchPath: process.env['PATH'] ?? '',
  dataDir: '.data',
});
const targets = [
  directTarget(upstream.origin),
  stack.use(await floorTarget(upstream.origin)),
  stack.use(await oneProcessTarget(upstream.origin)),
  stack.use(await processPerRoleTarget(upstream.origin, natsServer)),
];
print('# Bench');
print();
print(
  `Written by \`npm run bench -- --write\` on ${new Date().toISOString().slice(0, 10)}, Node ${process.version},`,
);
print(
  `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}. Trust the ratios, not the absolute times.`,
);
// Just-in-time compilation is nobody's cost per request, and goes on for about ten thousand of them.
for (const load of CASES) {
  await upstream.behave(load.behaviour);
  for (const target of targets) {
    await runLoad(
      { ...load, origin: target.origin, path: '/v1/messages' },
      { concurrency: 32, seconds: WARM_UP_SECONDS, requestsMax: WARM_UP_REQUESTS },
    );
  }
}
if (values.only === undefined || 'translation'.includes(values.only)) {
  print('\n### Translation to other wires, in one process\n');
  print('| wire | CPU ms per 100 KB request | CPU µs per streamed chunk |');
  print('|---|--:|--:|');
  for (const { wire, requestMs, chunkUs } of measureTranslation()) {
    print(`| ${wire} | ${requestMs.toFixed(3)} | ${chunkUs.toFixed(2)} |`);
  }
}
for (const load of CASES) {
  if (values.only !== undefined && !load.name.includes(values.only)) continue;
  await upstream.behave(load.behaviour);
  await runCase(load, targets);
}
// Last: heaps and pools have grown to what load needs, and what is left is the streams' own.
if (values.only === undefined || 'idle'.includes(values.only)) {
  print('\n### 1,000 idle streams, three rounds\n');
  print('| | growth of memory per round, MB |');
  print('|---|--:|');
  await upstream.behave({ kind: 'hold' });
  for (const target of targets.filter(({ pids }) => pids.length > 0)) {
    const rounds: string[] = [];
    for (let round = 0; round < IDLE_ROUNDS; round += 1) {
      rounds.push((await measureIdleStreams(target)).toFixed(1));
    }
    print(`| ${target.name} | ${rounds.join(' / ')} |`);
  }
}
if (values.write) writeFileSync(`${import.meta.dirname}/RESULTS.md`, `${lines.join('\n')}\n`);
