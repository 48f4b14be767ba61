import { readFileSync } from 'node:fs';

/** A process by more than its number, which the system gives out again. */
export interface ProcessMark {
  readonly pid: number;
  /** When it started, in the system's own words; empty where they cannot be read. */
  readonly startedAt: string;
}

/** Marks a process that runs now. */
export function markOf(pid: number): ProcessMark {
  return { pid, startedAt: statusOf(pid)?.startedAt ?? '' };
}

/** True while the marked process runs; false for one that is dead but not yet collected by its parent. */
export function isAlive({ pid, startedAt }: ProcessMark): boolean {
  const status = statusOf(pid);
  if (status !== null) {
    return status.state !== 'Z' && (startedAt === '' || status.startedAt === startedAt);
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It lives, but it is not ours to signal.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** State and start, from Linux's /proc/<pid>/stat (fields 3 and 22); null elsewhere. */
function statusOf(pid: number): { state: string; startedAt: string } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in brackets, which may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', startedAt: fields[19] ?? '' };
  } catch {
    return null; // no such process, or no /proc
  }
}
