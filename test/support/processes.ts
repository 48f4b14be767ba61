import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const PROJECT_DIR = path.dirname(path.dirname(import.meta.dirname));

/** A program of ours in a process of its own. Disposing it kills it. */
export interface RoleProcess extends AsyncDisposable {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | NodeJS.Signals | null>;
  /** Everything it wrote so far, both channels. */
  output(): string;
}

/** Runs `node main.ts <roles>` and resolves once it says that it is ready. */
export async function startRoles(
  roles: readonly string[],
  environment: Record<string, string>,
  projectDir: string = PROJECT_DIR,
): Promise<RoleProcess> {
  // Nobody is to find what another's processes left.
  const dataDir = mkdtempSync(path.join(tmpdir(), 'gateway-test-'));
  const child = spawn(process.execPath, ['main.ts', ...roles], {
    cwd: projectDir,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      LOG_LEVEL: 'info',
      GATEWAY_DATA_DIR: dataDir,
      ...environment,
    },
  });
  const exited = once(child, 'exit').then(([code, signal]) => code ?? signal);
  const output = collect(child);
  await output.until((text) => /ready\n/.test(text), exited);
  return {
    pid: child.pid ?? 0,
    exited,
    output: output.text,
    kill: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      child.kill('SIGCONT'); // a stopped process cannot end
      child.kill('SIGKILL');
      await exited;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function collect(child: ChildProcess) {
  let text = '';
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      for (const check of waiting) check();
    });
  }
  return {
    text: () => text,
    until(isDone: (text: string) => boolean, exited: Promise<unknown>): Promise<void> {
      return new Promise((resolve, reject) => {
        const check = (): void => {
          if (!isDone(text)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
        void exited.then(() => reject(new Error(`ended before it was ready:\n${text}`)));
      });
    },
  };
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
