import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLog } from '../../bus/log.ts';
import { startNatsServer } from '../../bus/nats-server.ts';
import { findNatsServer } from '../../bus/nats-server-binary.ts';
import { within } from './latch.ts';

/** A private nats-server with JetStream for one test. Disposing it stops the server and removes its data. */
export interface TestNats extends AsyncDisposable {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Where its store is. */
  readonly dataDir: string;
  /** `kill -9`; the server's supervisor brings it back. */
  kill(): Promise<void>;
  /** Resolves once a killed server listens again. */
  restart(): Promise<void>;
}

/** Starts the server; `NATS_SERVER_BIN` chooses which. */
export async function startTestNats(): Promise<TestNats> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'gateway-test-'));
  const binary = await findNatsServer({
    natsServerBin: process.env['NATS_SERVER_BIN'] ?? null,
    searchPath: process.env['PATH'] ?? '',
    dataDir,
  });
  const log = createLog({ level: 'silent', name: 'nats' });
  const server = await startNatsServer({ binary, dataDir, log });
  let restarted: Promise<void> = Promise.resolve();
  return {
    url: server.url,
    user: server.user,
    password: server.password,
    dataDir,
    async kill() {
      restarted = server.restarted;
      process.kill(server.pid, 'SIGKILL');
    },
    restart: () => within(restarted, 'nats-server back'),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
