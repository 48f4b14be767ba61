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
  let cpuMs = 0;
  let rssBytes = 0;
  for (const stat of treeOf(rootPids)) {
    cpuMs += stat.cpuMs;
    rssBytes += stat.rssBytes;
  }
  return { cpuMs, rssBytes };
}

/** The memory of each process of a tree, by its program's name. */
export function treeMemory(
  rootPids: readonly number[],
): readonly { readonly name: string; readonly rssBytes: number }[] {
  return treeOf(rootPids).map(({ name, rssBytes }) => ({ name, rssBytes }));
}

interface ProcessStat extends TreeUsage {
  readonly name: string;
  readonly parent: number;
}

function treeOf(rootPids: readonly number[]): readonly ProcessStat[] {
  const stats = new Map<number, ProcessStat>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const stat = readStat(pid);
    if (stat !== null) stats.set(pid, stat);
  }
  return Array.from(stats)
    .filter(([pid]) => isBelow(pid, rootPids, stats))
    .map(([, stat]) => stat);
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

function readStat(pid: number): ProcessStat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the name in brackets and may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [, parent] = fields;
    return {
      name: text.slice(text.indexOf('(') + 1, text.lastIndexOf(')')),
      parent: Number(parent),
      cpuMs: (Number(fields[11]) + Number(fields[12])) * CLOCK_TICK_MS,
      rssBytes: Number(fields[21]) * PAGE_BYTES,
    };
  } catch {
    return null; // it ended between the listing and the read
  }
}
