/**
 * `node bench/soak.ts [--minutes 30]`: load of every kind on the gateway (all roles in one process), its memory minute
 * by minute. Memory after the last minute should be what it was after the fifth.
 */
import { parseArgs } from 'node:util';
import { CASES } from './cases.ts';
import { gatewayMemory } from './gateway-memory.ts';
import { runLoad } from './load.ts';
import { treeMemory, treeUsage } from './process-tree.ts';
import { oneProcessTarget } from './targets.ts';
import { startUpstream } from './upstream.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' } } });
const SECONDS_PER_CASE = 60 / CASES.length;
const CONCURRENCY_MAX = 16;
/** The first minutes grow heaps and pools. */
const SETTLED_MINUTE = 5;

await using stack = new AsyncDisposableStack();
const upstream = stack.use(await startUpstream());
const target = stack.use(await oneProcessTarget(upstream.origin));
const megabytes: number[] = [];
let requests = 0;
let errors = 0;
for (let minute = 1; minute <= Number(values.minutes); minute += 1) {
  for (const load of CASES) {
    await upstream.behave(load.behaviour);
    const concurrency = Math.min(load.concurrency, CONCURRENCY_MAX);
    const done = await runLoad(
      { ...load, origin: target.origin, path: '/v1/messages' },
      { concurrency, seconds: SECONDS_PER_CASE },
    );
    requests += done.requests;
    errors += done.errors;
  }
  megabytes.push(treeUsage(target.pids).rssBytes / 1e6);
  const each = treeMemory(target.pids).map(({ name, rssBytes }) => {
    return `${name} ${(rssBytes / 1e6).toFixed(0)}`;
  });
  const { heap, external } = await gatewayMemory(target.origin);
  const live = `heap ${(heap / 1e6).toFixed(0)}, buffers ${(external / 1e6).toFixed(0)}`;
  process.stdout.write(
    `minute ${minute}: ${megabytes.at(-1)?.toFixed(1)} MB (${each.join(', ')}; ${live}), ${requests} requests, ${errors} errors\n`,
  );
}
const settled = megabytes[SETTLED_MINUTE - 1];
const last = megabytes.at(-1);
if (settled !== undefined && last !== undefined) {
  process.stdout.write(
    `growth since minute ${SETTLED_MINUTE}: ${(last - settled).toFixed(1)} MB\n`,
  );
}
