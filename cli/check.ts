/** `npm run check`: types, lint and format. `--write` formats instead of complaining. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);
const isWriting = process.argv.includes('--write');

/** The program of a package, by its package.json. */
function binary(name: string, command: string): string {
  const file = require.resolve(`${name}/package.json`);
  const { bin } = require(file) as { bin: Record<string, string> | string };
  const relative = typeof bin === 'string' ? bin : bin[command];
  if (relative === undefined) throw new Error(`${name} has no ${command}`);
  return path.join(path.dirname(file), relative);
}

function runs(program: string, programArguments: readonly string[]): boolean {
  const result = spawnSync(process.execPath, [program, ...programArguments], { stdio: 'inherit' });
  return result.status === 0;
}

const biome = ['check', ...(isWriting ? ['--write'] : []), '--error-on-warnings', '.'];
const results = [
  runs(binary('@biomejs/biome', 'biome'), biome),
  runs(binary('typescript', 'tsc'), ['--noEmit']),
];
process.exitCode = results.every(Boolean) ? 0 : 1;
