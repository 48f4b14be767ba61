import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../config/limits.ts';
import {
  linesOf,
  transcriptFiles,
  transcriptFolders,
} from '../../../ledger/transcripts/transcript-files.ts';

function temporaryFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'gateway-transcripts-'));
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

test('the lines of a file are those of its text, wherever pieces end', async () => {
  using temporary = temporaryFolder();
  const file = path.join(temporary.folder, 'one.jsonl');
  const line = fc.oneof(
    fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\n')),
    fc.integer({ min: 1, max: 200_000 }).map((size) => 'ä'.repeat(size)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.boolean(), async (lines, endsWithNewline) => {
      writeFileSync(file, lines.join('\n') + (endsWithNewline ? '\n' : ''));
      const read = await Array.fromAsync(linesOf(file));
      const isNotEmpty = (text: string): boolean => text !== '';
      assert.deepEqual(read.filter(isNotEmpty), lines.filter(isNotEmpty));
    }),
    { numRuns: 40 },
  );
});

test('a line that is too long is left out, and the next one is read', async () => {
  using temporary = temporaryFolder();
  const file = path.join(temporary.folder, 'long.jsonl');
  const long = Buffer.alloc(LIMITS.transcriptLineBytesMax + 1, 'x');
  writeFileSync(file, Buffer.concat([Buffer.from('first\n'), long, Buffer.from('\nlast')]));
  assert.deepEqual(await Array.fromAsync(linesOf(file)), ['first', 'last']);
});

test('transcripts are found at any depth; folders are named, configured or Claude Code’s own', async () => {
  using temporary = temporaryFolder();
  const { folder } = temporary;
  const projects = path.join(folder, 'projects');
  const nested = path.join(projects, 'p', 's1', 'subagents');
  mkdirSync(nested, { recursive: true });
  const files = [path.join(nested, 'a.jsonl'), path.join(projects, 'p', 's1.jsonl')];
  for (const file of [...files, path.join(projects, 'p', 'notes.txt')]) writeFileSync(file, '');
  assert.deepEqual(await transcriptFiles(projects), files.toSorted());
  assert.deepEqual(transcriptFolders(folder, undefined), [projects]);
  assert.deepEqual(transcriptFolders(projects, undefined), [projects]);
  assert.deepEqual(transcriptFolders(null, ` ${folder} ,/nowhere`), [projects]);
  assert.deepEqual(transcriptFolders('/nowhere', folder), []);
});
