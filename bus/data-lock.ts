import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Takes a data folder for this process: two servers on one JetStream store would destroy it. The lock of a process
 * that is gone is taken over. Returns the function that gives it back.
 *
 * @throws Error of one line that names the other process and `GATEWAY_DATA_DIR`.
 */
export function lockDataDir(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = path.join(dataDir, 'lock');
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (!isExists(error)) throw error;
    }
    const holder = Number(readFileSync(file, 'utf8'));
    if (holder !== process.pid && isAlive(holder)) {
      throw new Error(
        `the data folder ${dataDir} is in use by process ${holder}; stop it or set GATEWAY_DATA_DIR to another folder`,
      );
    }
    rmSync(file, { force: true });
  }
}

function isExists(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It lives, but it is not ours to signal.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
