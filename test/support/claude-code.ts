import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const PROJECT_DIR = path.dirname(path.dirname(import.meta.dirname));
const RUN_MS_MAX = 120_000;

/** The two generations of the client that are on people's machines. */
export const CLAUDE_CODE_VERSIONS = ['2.1.197', '2.1.330'] as const;

/** Fetches one version of the client into the cache folder, once, and returns its program. */
export async function fetchClaudeCode(version: string): Promise<string> {
  const folder = path.join(PROJECT_DIR, '.cache', `claude-code-${version}`);
  const platform = `${process.platform}-${process.arch}`;
  const program = path.join(
    folder,
    `node_modules/@anthropic-ai/claude-code-${platform}`,
    process.platform === 'win32' ? 'claude.exe' : 'claude',
  );
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  await promisify(execFile)('npm', [
    'install',
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--prefix',
    folder,
    `@anthropic-ai/claude-code@${version}`,
  ]);
  return program;
}

/** What `claude -p --output-format json` says at its end. */
export interface ClaudeResult {
  readonly is_error: boolean;
  readonly result: string;
  readonly session_id: string;
  readonly num_turns: number;
}

/** A home folder of its own for the client, empty at first. Disposing it removes it. */
export interface ClaudeHome extends AsyncDisposable {
  /** Runs the client headless with these arguments and returns what it says at its end. */
  run(claudeArguments: readonly string[]): Promise<ClaudeResult>;
}

/** Makes an empty home for a client that speaks to `baseUrl`. */
export function createClaudeHome(program: string, baseUrl: string): ClaudeHome {
  const home = mkdtempSync(path.join(tmpdir(), 'claude-home-'));
  const work = path.join(home, 'work');
  mkdirSync(work);
  const env = {
    HOME: home,
    PATH: process.env['PATH'] ?? '',
    IS_SANDBOX: '1',
    ANTHROPIC_BASE_URL: baseUrl,
    ANTHROPIC_API_KEY: 'sk-ant-fake-000',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  };
  return {
    run: (claudeArguments) => run(program, [...claudeArguments], { env, cwd: work }),
    async [Symbol.asyncDispose]() {
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function run(
  program: string,
  claudeArguments: string[],
  options: { env: Record<string, string>; cwd: string },
): Promise<ClaudeResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...claudeArguments, '--output-format', 'json'], {
      ...options,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: RUN_MS_MAX,
    });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      errors += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      try {
        resolve(JSON.parse(output) as ClaudeResult); // the client's own format
      } catch {
        reject(new Error(`claude ended with ${code ?? signal}:\n${output}\n${errors}`));
      }
    });
  });
}
