import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const PROJECT_DIR = path.dirname(path.dirname(import.meta.dirname));
const run = promisify(execFile);

/** The two generations of ccusage, and how each is asked for what Claude Code used. */
export const CCUSAGE_VERSIONS = [
  { version: '20.0.24', command: ['claude', 'daily'] },
  { version: '18.0.11', command: ['daily'] },
] as const;

/** What `ccusage … --json` says of all days. */
export interface CcusageTotals {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheCreationTokens: number;
  readonly cacheReadTokens: number;
  readonly totalTokens: number;
  readonly totalCost: number;
}

/** Fetches one version into the cache folder, once, and returns its program. */
export async function fetchCcusage(version: string): Promise<string> {
  const folder = path.join(PROJECT_DIR, '.cache', `ccusage-${version}`);
  const program = path.join(folder, 'node_modules', '.bin', 'ccusage');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const options = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder];
  await run('npm', ['install', ...options, `ccusage@${version}`]);
  return program;
}

/** What one version reads from a folder with `projects` in it: the whole, and by day. */
export async function readWithCcusage(
  { version, command }: (typeof CCUSAGE_VERSIONS)[number],
  folder: string,
): Promise<{ totals: CcusageTotals; daily: readonly (CcusageTotals & { date: string })[] }> {
  const program = await fetchCcusage(version);
  const { stdout } = await run(program, [...command, '--offline', '--json', '-z', 'UTC'], {
    env: { PATH: process.env['PATH'], HOME: folder, CLAUDE_CONFIG_DIR: folder },
  });
  return JSON.parse(stdout); // the program's own format
}
