import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const PROJECT_DIR = path.dirname(path.dirname(import.meta.dirname));

/** Runs `npm run ledger -- verify`; resolves with what it said and whether it was content. */
export async function verifyTotals(
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly isWell: boolean; readonly output: string }> {
  const child = spawn(process.execPath, ['cli/ledger.ts', 'verify'], {
    cwd: PROJECT_DIR,
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = await once(child, 'close');
  return { isWell: code === 0, output: output.trim() };
}
