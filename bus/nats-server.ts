import { randomBytes } from 'node:crypto';
import { lockDataDir } from './data-lock.ts';
import type { Log } from './log.ts';
import { natsServerVersion } from './nats-server-binary.ts';
import { launchNatsServer, type NatsServerProcess } from './nats-server-process.ts';
import { keepNatsServer } from './nats-server-supervisor.ts';

/** What to start. */
export interface NatsServerOptions {
  readonly binary: string;
  /** Folder for the store, the configuration and the server's own log. One gateway per folder. */
  readonly dataDir: string;
  /** Default: any free port. */
  readonly port?: number;
  readonly log: Log;
}

/** A nats-server of our own. Disposing it stops the server. */
export interface NatsServer extends AsyncDisposable {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly version: readonly number[];
  /** Process id of the server that runs now. */
  readonly pid: number;
  /** Settles when the server that died next listens again, on the same port. */
  readonly restarted: Promise<void>;
  /** Settles with the reason when the server died so often that it was given up. */
  readonly failed: Promise<Error>;
}

const PASSWORD_BYTES = 24;

/**
 * Starts nats-server with JetStream on loopback with random credentials. It ends with this process, also when this
 * process is killed, and is started again on the same port when it dies before.
 *
 * @throws Error when the data folder is in use, the binary does not work, or the server is not ready in time.
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const { binary, dataDir, log } = options;
  const version = await natsServerVersion(binary);
  const lock = await lockDataDir(dataDir);
  const user = 'gateway';
  const password = randomBytes(PASSWORD_BYTES).toString('hex');
  const launch = async (port: number): Promise<NatsServerProcess> => {
    const launched = await launchNatsServer({ binary, dataDir, version, user, password, port });
    lock.setServer(launched.pid);
    return launched;
  };
  try {
    const first = await launch(options.port ?? -1);
    const supervisor = keepNatsServer(first, { launch: () => launch(first.port), log });
    return {
      url: `nats://127.0.0.1:${first.port}`,
      user,
      password,
      version,
      failed: supervisor.failed,
      get pid() {
        return supervisor.pid();
      },
      get restarted() {
        return supervisor.restarted();
      },
      async [Symbol.asyncDispose]() {
        await supervisor.stop();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}
