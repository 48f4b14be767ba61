import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { lockDataDir } from './data-lock.ts';
import type { Log } from './log.ts';
import { natsServerVersion } from './nats-server-binary.ts';
import { natsServerConfig } from './nats-server-config.ts';

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
  /** Settles with the reason when the server died so often that it was given up. */
  readonly failed: Promise<Error>;
}

const READY_MS_MAX = 10_000;
const RESTART_MS = 100;
const RESTARTS_PER_MINUTE_MAX = 10;
const MINUTE_MS = 60_000;

/**
 * The server runs under a shell that reads from a pipe whose other end is ours: when we end, however we end, the pipe
 * closes and the shell stops the server. The shell also reports the server's own end.
 */
const WATCHDOG = `
exec 3<&0
"$@" 3<&- </dev/null & server=$!
echo $server >&4
(cat <&3 >/dev/null; kill -TERM $server 2>/dev/null) & watch=$!
wait $server; code=$?
kill $watch 2>/dev/null
exit $code`;

/**
 * Starts nats-server with JetStream on loopback with random credentials. It ends with this process, also when this
 * process is killed, and is started again on the same port when it dies before.
 *
 * @throws Error when the data folder is in use, the binary does not work, or the server is not ready in time.
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const version = await natsServerVersion(options.binary);
  const unlock = lockDataDir(options.dataDir);
  const user = 'gateway';
  const password = randomBytes(24).toString('hex');
  const failed = Promise.withResolvers<Error>();
  const restarts: number[] = [];
  let isStopping = false;
  let running: { child: ChildProcess; port: number; pid: number };

  const launch = (port: number) => launchServer(options, { version, user, password, port });
  const supervise = (child: ChildProcess): void => {
    child.once('exit', (code, signal) => {
      if (isStopping) return;
      const nowMs = performance.now();
      while (restarts[0] !== undefined && nowMs - restarts[0] > MINUTE_MS) restarts.shift();
      restarts.push(nowMs);
      options.log.error({ code, signal }, 'nats-server died; starting it again');
      if (restarts.length > RESTARTS_PER_MINUTE_MAX) {
        failed.resolve(new Error('nats-server dies again and again; see nats-server.log'));
        return;
      }
      setTimeout(() => {
        if (isStopping) return;
        launch(running.port).then((next) => {
          running = next;
          supervise(next.child);
        }, failed.resolve);
      }, RESTART_MS);
    });
  };
  try {
    running = await launch(options.port ?? -1);
  } catch (error) {
    unlock();
    throw error;
  }
  supervise(running.child);
  return {
    url: `nats://127.0.0.1:${running.port}`,
    user,
    password,
    version,
    get pid() {
      return running.pid;
    },
    failed: failed.promise,
    async [Symbol.asyncDispose]() {
      isStopping = true;
      const { child } = running;
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit');
        child.stdin?.end();
        await exited;
      }
      unlock();
    },
  };
}

async function launchServer(
  options: NatsServerOptions,
  settings: { version: readonly number[]; user: string; password: string; port: number },
): Promise<{ child: ChildProcess; port: number; pid: number }> {
  const { dataDir, binary } = options;
  const portsDir = path.join(dataDir, 'ports');
  rmSync(portsDir, { recursive: true, force: true });
  mkdirSync(portsDir, { recursive: true });
  const configFile = path.join(dataDir, 'nats-server.conf');
  const storeDir = path.join(dataDir, 'jetstream');
  // The credentials are in the file, not among the arguments that every user of the machine can read.
  writeFileSync(configFile, natsServerConfig({ ...settings, storeDir, portsDir }), { mode: 0o600 });
  const logFile = openSync(path.join(dataDir, 'nats-server.log'), 'a', 0o600);
  const child = spawn('/bin/sh', ['-c', WATCHDOG, 'sh', binary, '-c', configFile], {
    stdio: ['pipe', logFile, logFile, 'ignore', 'pipe'],
    detached: true, // a Ctrl-C of the terminal is for us: we stop the server after our drain
  });
  child.stdin?.on('error', () => {}); // the shell is gone: its exit is what we act on
  const pids = child.stdio[4];
  if (pids === null || pids === undefined || !('setEncoding' in pids)) throw new Error('no pipe');
  const pid = once(pids, 'data').then(([chunk]) => Number(String(chunk)));
  const port = await readyPort(child, portsDir);
  return { child, port, pid: await pid };
}

// The server writes its ports file once it listens.
function readyPort(child: ChildProcess, portsDir: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      watcher.close();
      clearTimeout(timer);
      child.off('exit', onExit);
    };
    const onExit = (code: number | null): void => {
      done();
      reject(new Error(`nats-server did not start (exit code ${code}); see nats-server.log`));
    };
    const check = (): void => {
      const port = readPort(portsDir);
      if (port === null) return;
      done();
      resolve(port);
    };
    const watcher = watch(portsDir, check);
    const timer = setTimeout(() => {
      done();
      child.stdin?.end();
      reject(new Error(`nats-server was not ready within ${READY_MS_MAX} ms; see nats-server.log`));
    }, READY_MS_MAX);
    child.once('exit', onExit);
    check();
  });
}

function readPort(portsDir: string): number | null {
  for (const name of readdirSync(portsDir)) {
    const found = /"nats:\/\/[^"]*:(\d+)"/.exec(readFileSync(path.join(portsDir, name), 'utf8'));
    if (found?.[1] !== undefined) return Number(found[1]);
  }
  return null;
}
