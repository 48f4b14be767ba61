import { createReadStream, existsSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { LIMITS } from '../../config/limits.ts';

const NEWLINE = 0x0a;

/**
 * The folders of Claude Code's transcripts: the one that was named (`projects` in it, or itself), else those of
 * CLAUDE_CONFIG_DIR (a list with commas), else Claude Code's own two. Only those that exist.
 */
export function transcriptFolders(
  named: string | null,
  configDir: string | undefined,
): readonly string[] {
  const listed = (configDir ?? '').split(',').map((each) => each.trim());
  const homes = listed.filter((each) => each !== '');
  if (named !== null) homes.splice(0, homes.length, named);
  else if (homes.length === 0) {
    homes.push(path.join(homedir(), '.config', 'claude'), path.join(homedir(), '.claude'));
  }
  const folders = homes
    .map((home) => path.join(home, 'projects'))
    .filter((each) => existsSync(each));
  return folders.length === 0 && named !== null && existsSync(named) ? [named] : folders;
}

/** The transcripts in a folder and all that are below it, sorted. */
export async function transcriptFiles(folder: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const name of glob('**/*.jsonl', { cwd: folder })) names.push(path.join(folder, name));
  return names.sort();
}

/** Reads a file line by line; a line that is longer than `transcriptLineBytesMax` is left out. Throws when it cannot be read. */
export async function* linesOf(file: string): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let bytes = 0;
  const take = (end: Buffer): string | null => {
    const isWhole = bytes + end.length <= LIMITS.transcriptLineBytesMax;
    const line = isWhole ? Buffer.concat([...parts, end]).toString() : null;
    parts = [];
    bytes = 0;
    return line;
  };
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const line = take(chunk.subarray(from, at));
      if (line !== null) yield line;
      from = at + 1;
    }
    bytes += chunk.length - from;
    if (bytes <= LIMITS.transcriptLineBytesMax) parts.push(chunk.subarray(from));
    else parts = [];
  }
  const last = take(Buffer.alloc(0));
  if (last !== null && last !== '') yield last;
}
