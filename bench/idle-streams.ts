import { Pool } from 'undici';
import { CASES, requestBody } from './cases.ts';
import { treeUsage } from './process-tree.ts';
import type { Target } from './targets.ts';

const STREAMS = 1_000;
const SETTLE_MS = 3_000;

/** Memory of a target per 1,000 streams that are open and silent, in MB. */
export async function measureIdleStreams(target: Target): Promise<number> {
  const before = treeUsage(target.pids).rssBytes;
  const pool = new Pool(target.origin, { connections: STREAMS, pipelining: 1 });
  const headers = CASES[0]?.headers ?? {};
  const body = requestBody(1_000, true);
  const open = Array.from({ length: STREAMS }, async () => {
    const response = await pool.request({ method: 'POST', path: '/v1/messages', headers, body });
    if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
    response.body.on('error', () => {}); // we destroy it below
    return response;
  });
  await Promise.all(open);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const after = treeUsage(target.pids).rssBytes;
  await pool.destroy();
  return (after - before) / 1e6 / (STREAMS / 1_000);
}
