import { mkdirSync, readdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { type ClaudeLine, summaryLine } from './claude-lines.ts';

/** Writes lines into the files of an export. */
export interface ClaudeFolder {
  /** Appends lines to their files, in order. Throws when a file cannot be written. */
  write(lines: readonly ClaudeLine[]): Promise<void>;
}

/**
 * Opens a folder for an export that is read with `CLAUDE_CONFIG_DIR` (ccusage). Throws when transcripts lie there: the export is
 * never mixed with another one, or with Claude Code's own.
 */
export function openClaudeFolder(folder: string): ClaudeFolder {
  const projects = path.join(folder, 'projects');
  mkdirSync(projects, { recursive: true });
  if (readdirSync(projects).length > 0) {
    throw new Error(`${projects} is not empty: name another folder, or remove it first`);
  }
  return {
    async write(lines) {
      for (const [file, ofFile] of Map.groupBy(lines, (line) => line.file)) {
        const text = ofFile.map(({ line }) => line).join('');
        await append(path.join(folder, file), { text, first: summaryLine(file) });
      }
    },
  };
}

async function append(
  file: string,
  { text, first }: { readonly text: string; readonly first: string },
): Promise<void> {
  mkdirSync(path.dirname(file), { recursive: true });
  await using handle = await open(file, 'a');
  const isNew = (await handle.stat()).size === 0;
  await handle.write(isNew ? `${first}${text}` : text);
}
