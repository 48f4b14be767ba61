import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, markOf, type ProcessMark } from './process-mark.ts';

/** A data folder taken for this process. */
export interface DataLock {
  /** Writes down the server that uses the folder: it may outlive us for a moment. */
  setServer(pid: number): void;
  /** Gives the folder back. */
  release(): void;
}

/** An orphaned server stops within this time after the gateway that it belonged to. */
const ORPHAN_MS_MAX = 10_000;
const ORPHAN_POLL_MS = 20;
/** A lock file without a content this old was left by a process that died while writing it. */
const UNWRITTEN_MS_MAX = 2_000;
const TAKEOVER_POLL_MS = 10;

/**
 * Takes a data folder for this process: two servers on one JetStream store would destroy it. The lock of a gateway that
 * is gone is taken over, once the server it left behind has ended too.
 *
 * @throws Error of one line that names the other process and `GATEWAY_DATA_DIR`.
 */
export async function lockDataDir(dataDir: string): Promise<DataLock> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = path.join(dataDir, 'lock');
  const own = markOf(process.pid);
  while (!create(file, line(own))) {
    const [holder, server] = read(file);
    if (holder !== undefined && isAlive(holder)) {
      throw new Error(
        `the data folder ${dataDir} is in use by process ${holder.pid}; stop it or set GATEWAY_DATA_DIR to another folder`,
      );
    }
    if (server !== undefined) await endOf(server, dataDir);
    removeStale(file);
    await sleep(TAKEOVER_POLL_MS);
  }
  return {
    setServer: (pid) => writeFileSync(file, line(own) + line(markOf(pid))),
    release: () => rmSync(file, { force: true }),
  };
}

async function endOf(server: ProcessMark, dataDir: string): Promise<void> {
  const endMs = performance.now() + ORPHAN_MS_MAX;
  while (isAlive(server)) {
    if (performance.now() > endMs) {
      throw new Error(
        `the data folder ${dataDir} is in use by nats-server, process ${server.pid}, left by another gateway; stop it or set GATEWAY_DATA_DIR to another folder`,
      );
    }
    await sleep(ORPHAN_POLL_MS);
  }
}

// Of several gateways that find the same dead lock, one removes it; looking again and removing must be one step, or a
// slow one would remove the fresh lock of a fast one.
function removeStale(file: string): void {
  const guard = `${file}.takeover`;
  if (!create(guard, '')) {
    if (ageMs(guard) > UNWRITTEN_MS_MAX) rmSync(guard, { force: true });
    return;
  }
  try {
    const marks = read(file);
    const isUnwritten = marks.length === 0 && ageMs(file) <= UNWRITTEN_MS_MAX;
    if (!isUnwritten && !marks.some(isAlive)) rmSync(file, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

function create(file: string, content: string): boolean {
  try {
    writeFileSync(file, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function line({ pid, startedAt }: ProcessMark): string {
  return `${pid} ${startedAt}\n`;
}

function read(file: string): ProcessMark[] {
  let content = '';
  try {
    content = readFileSync(file, 'utf8');
  } catch {
    return []; // given back in the meantime
  }
  return Array.from(content.matchAll(/^([1-9]\d*) (.*)$/gm), ([, pid, startedAt = '']) => ({
    pid: Number(pid),
    startedAt,
  }));
}

function ageMs(file: string): number {
  return Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
}
