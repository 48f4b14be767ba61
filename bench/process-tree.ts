import { readdirSync, readFileSync } from 'node:fs';

/** CPU time and memory of a process and all its descendants. */
export interface TreeUsage {
  /** utime + stime, milliseconds. */
  readonly cpuMs: number;
  readonly rssBytes: number;
}

const CLOCK_TICK_MS = 10;
const PAGE_BYTES = 4096;

/** Reads /proc once (Linux only). Processes that ended meanwhile are left out. */
export function treeUsage(rootPids: readonly number[]): TreeUsage {
  const stats = new Map<number, { parent: number; cpuMs: number; rssBytes: number }>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const stat = readStat(pid);
    if (stat !== null) stats.set(pid, stat);
  }
  let cpuMs = 0;
  let rssBytes = 0;
  for (const [pid, stat] of stats) {
    if (!isBelow(pid, rootPids, stats)) continue;
    cpuMs += stat.cpuMs;
    rssBytes += stat.rssBytes;
  }
  return { cpuMs, rssBytes };
}

function isBelow(
  pid: number,
  rootPids: readonly number[],
  stats: ReadonlyMap<number, { parent: number }>,
): boolean {
  for (let at: number | undefined = pid; at !== undefined; at = stats.get(at)?.parent) {
    if (rootPids.includes(at)) return true;
  }
  return false;
}

function readStat(pid: number): { parent: number; cpuMs: number; rssBytes: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the name in brackets and may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [, parent] = fields;
    return {
      parent: Number(parent),
      cpuMs: (Number(fields[11]) + Number(fields[12])) * CLOCK_TICK_MS,
      rssBytes: Number(fields[21]) * PAGE_BYTES,
    };
  } catch {
    return null; // it ended between the listing and the read
  }
}
