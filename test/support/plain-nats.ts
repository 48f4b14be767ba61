import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findNatsServer } from '../../bus/nats-server-binary.ts';
import { freePort } from './processes.ts';

/** A nats-server that stays away until it is told to come back. Disposing it removes its data. */
export interface PlainNats extends AsyncDisposable {
  readonly url: string;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** Starts it again on the same port; `hasData` false = its disk was lost. */
  start(options?: { readonly hasData?: boolean }): Promise<void>;
  /** `kill -STOP` and `-CONT`. */
  stop(): void;
  goOn(): void;
}

/** Starts a nats-server with JetStream and without a supervisor. */
export async function startPlainNats(): Promise<PlainNats> {
  const folder = mkdtempSync(path.join(tmpdir(), 'gateway-test-'));
  const binary = await findNatsServer({
    natsServerBin: process.env['NATS_SERVER_BIN'] ?? null,
    searchPath: process.env['PATH'] ?? '',
    dataDir: folder,
  });
  const port = await freePort();
  const store = path.join(folder, 'store');
  const command = ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', store];
  let child: ChildProcess | null = null;
  const kill = async (): Promise<void> => {
    if (child === null) return;
    const exited = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    child = null;
    await exited;
  };
  const start = async ({ hasData = true } = {}): Promise<void> => {
    if (!hasData) rmSync(store, { recursive: true, force: true });
    child = spawn(binary, command, { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr?.setEncoding('utf8');
    for await (const text of child.stderr?.iterator({ destroyOnReturn: false }) ?? []) {
      if (String(text).includes('Server is ready')) break;
    }
    child.stderr?.resume();
  };
  await start();
  return {
    url: `nats://127.0.0.1:${port}`,
    kill,
    start,
    stop: () => void child?.kill('SIGSTOP'),
    goOn: () => void child?.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
