import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { LIMITS } from '../config/limits.ts';
import { isAlive, markOf } from './process-mark.ts';

const NAME =
  /^(?<place>[0-9a-f]{8})-(?<pid>\d+)-(?<startedAt>\d*)-(?<owner>[0-9a-f]{12})-\d+\.spool$/;
const OWNER_BYTES = 6;

/**
 * The spool files of one process. Names carry the process, so that they are its own without a lock file, and are known
 * to be left behind once it is dead.
 */
export class SpoolFiles {
  readonly folder: string;
  readonly #place = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
  readonly #owner = randomBytes(OWNER_BYTES).toString('hex');
  readonly #prefix: string;
  #next = 0;

  constructor(folder: string) {
    const { pid, startedAt } = markOf(process.pid);
    this.folder = folder;
    this.#prefix = `${this.#place}-${pid}-${startedAt}-${this.#owner}`;
  }

  /** Creates the next file; rejects when the disk does not let us. */
  async create(): Promise<{ readonly file: string; readonly handle: FileHandle }> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const file = this.#newName();
    const handle = await open(file, 'ax', 0o600);
    await syncFolder(this.folder); // else a power cut could leave the content without its name
    return { file, handle };
  }

  /** Takes over what ended processes left, oldest first. Of several that try, one gets each file. */
  async adopt(): Promise<readonly { readonly file: string; readonly bytes: number }[]> {
    const names = await readdir(this.folder).catch(noneIfMissing);
    const adopted: { file: string; bytes: number; changedAtMs: number }[] = [];
    for (const name of names) {
      const found = path.join(this.folder, name);
      if (!(await this.#isLeft(name, found))) continue;
      const file = this.#newName();
      try {
        await rename(found, file);
      } catch (error) {
        if (isMissing(error)) continue; // another process was faster
        throw error;
      }
      const { size, mtimeMs } = await stat(file);
      adopted.push({ file, bytes: size, changedAtMs: mtimeMs });
    }
    return adopted.toSorted((one, other) => one.changedAtMs - other.changedAtMs);
  }

  #newName(): string {
    this.#next += 1;
    return path.join(this.folder, `${this.#prefix}-${this.#next}.spool`);
  }

  async #isLeft(name: string, file: string): Promise<boolean> {
    const { place, pid, startedAt, owner } = NAME.exec(name)?.groups ?? {};
    if (place === undefined || owner === this.#owner) return false;
    if (place === this.#place) return !isAlive({ pid: Number(pid), startedAt: startedAt ?? '' });
    // Of another machine or container, whose processes cannot be seen: a living one touches its files.
    const changedAtMs = (await stat(file).catch(() => null))?.mtimeMs ?? Number.POSITIVE_INFINITY;
    return Date.now() - changedAtMs > LIMITS.eventSpoolForeignMs;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function noneIfMissing(error: unknown): string[] {
  if (isMissing(error)) return [];
  throw error;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
