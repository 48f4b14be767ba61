import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { LIMITS } from '../../limits.ts';
import { checkPublishedList, PriceListError, type PublishedProvider } from './published-list.ts';

/** The list that the processes of a machine share. */
export interface KeptList {
  /** Where it came from. */
  readonly url: string;
  /** By which the server knows this edition; null = it has no such name. */
  readonly etag: string | null;
  /** When it was last known to be the newest edition. Unix milliseconds. */
  readonly checkedAtMs: number;
  /** As it was vetted. */
  readonly providers: readonly PublishedProvider[];
}

const FILE = 'prices.json';
const keptSchema = z.object({
  url: z.string(),
  etag: z
    .string()
    .regex(/^[\x20-\x7e]{1,200}$/)
    .nullable()
    .catch(null),
  checkedAtMs: z.int().nonnegative(),
  providers: z.unknown(),
});

/**
 * Reads the list that was kept in the data folder; null = none was.
 *
 * @throws PriceListError for a file that holds none, or what the disk says.
 */
export async function readKeptList(dataDir: string): Promise<KeptList | null> {
  const content = await readBounded(path.join(dataDir, FILE));
  if (content === null) return null;
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch {
    throw new PriceListError(`${FILE} is no JSON`);
  }
  const parsed = keptSchema.safeParse(json);
  if (!parsed.success) throw new PriceListError(`${FILE} is no list that was kept`);
  return { ...parsed.data, providers: checkPublishedList(parsed.data.providers) };
}

/** Keeps a list in the data folder, whole or not at all. Rejects with what the disk says. */
export async function writeKeptList(dataDir: string, kept: KeptList): Promise<void> {
  const file = path.join(dataDir, FILE);
  const unfinished = `${file}.${randomBytes(6).toString('hex')}`;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  try {
    await writeFile(unfinished, JSON.stringify(kept), { flag: 'wx', mode: 0o600, flush: true });
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

async function readBounded(file: string): Promise<string | null> {
  try {
    await using handle = await open(file, 'r');
    const { size } = await handle.stat();
    if (size > LIMITS.priceListBytesMax) throw new PriceListError(`${FILE} is too long`);
    return await handle.readFile('utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
