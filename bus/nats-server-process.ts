import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { SERVER_ENVIRONMENT } from './nats-server-binary.ts';
import { natsServerConfig } from './nats-server-config.ts';
import { isAlive, markOf, type ProcessMark } from './process-mark.ts';

/** What one run of the server depends on. */
export interface LaunchSettings {
  readonly binary: string;
  readonly dataDir: string;
  readonly version: readonly number[];
  readonly user: string;
  readonly password: string;
  /** −1 = any free port. */
  readonly port: number;
}

/** A server that listens. */
export interface NatsServerProcess {
  readonly pid: number;
  readonly port: number;
  /** Resolves when it has ended, with how. */
  readonly exited: Promise<string>;
  /** Ends it, at first politely; resolves when it has ended. */
  stop(): Promise<void>;
}

const READY_MS_MAX = 10_000;
const READY_POLL_MS = 5;
const END_POLL_MS = 20;
/** A server that does not end of itself after this long is killed. */
const STOP_MS_MAX = 5_000;
const LOG_BYTES_MAX = 5_000_000;

/**
 * The server runs under a shell whose standard input is a pipe that only we hold: when we end, however we end, the system
 * closes the pipe, `read` returns, and the server is told to stop. Nothing of ours has to run for that, so it works
 * after `kill -9` as well. The shell is the server's parent, which makes its number safe to signal and gives us its end.
 */
const WATCHDOG = `
exec 3<&0
"$@" </dev/null 3<&- >&2 & server=$!
echo $server
exec >&-
(read -r _ <&3; kill -TERM $server 2>/dev/null) & watch=$!
exec 3<&-
wait $server; code=$?
kill $watch 2>/dev/null
wait $watch 2>/dev/null
exit $code`;

/**
 * Runs nats-server and resolves once it listens.
 *
 * @throws Error with the server's own last words when it ends before that; nothing is left running.
 */
export async function launchNatsServer(settings: LaunchSettings): Promise<NatsServerProcess> {
  const { dataDir } = settings;
  const portsDir = path.join(dataDir, 'ports');
  rmSync(portsDir, { recursive: true, force: true });
  mkdirSync(portsDir, { recursive: true, mode: 0o700 });
  const configFile = path.join(dataDir, 'nats-server.conf');
  const storeDir = path.join(dataDir, 'jetstream');
  // The credentials are in a file of ours, not among the arguments that every user of the machine can read.
  rmSync(configFile, { force: true });
  writeFileSync(configFile, natsServerConfig({ ...settings, storeDir, portsDir }), { mode: 0o600 });
  const logFile = path.join(dataDir, 'nats-server.log');
  const log = openLog(logFile);
  const child = runUnderWatchdog([settings.binary, '-c', configFile], log.descriptor);
  closeSync(log.descriptor);
  const server = pidOf(child).then(markOf);
  server.catch(() => {}); // the shell did not run: `exited` tells
  const exited = exitOf(child, server);
  const stop = async (): Promise<void> => {
    child.stdin?.end();
    if (!(await isSettledWithin(exited, STOP_MS_MAX))) kill(await server);
    await exited;
  };
  try {
    const port = await readyPort(portsDir, exited, () => lastLine(logFile, log.start));
    return { pid: (await server).pid, port, exited, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Opens the log for appending; `start` is where this run's lines begin. */
function openLog(logFile: string): { descriptor: number; start: number } {
  let start = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (start > LOG_BYTES_MAX) {
    renameSync(logFile, `${logFile}.1`);
    start = 0;
  }
  return { descriptor: openSync(logFile, 'a', 0o600), start };
}

function runUnderWatchdog(command: readonly string[], log: number): ChildProcess {
  const child = spawn('/bin/sh', ['-c', WATCHDOG, 'sh', ...command], {
    stdio: ['pipe', 'pipe', log],
    // A Ctrl-C of the terminal is for us: the server stops after our drain.
    detached: true,
    env: SERVER_ENVIRONMENT,
  });
  child.stdin?.on('error', () => {}); // the shell is gone: its end is what we act on
  return child;
}

// A shell that is killed leaves the server behind for a moment, and two servers must not share a store.
async function exitOf(child: ChildProcess, server: Promise<ProcessMark>): Promise<string> {
  let how: string;
  try {
    const [code, signal] = await once(child, 'exit');
    how = signal === null ? `exit code ${code}` : `signal ${signal}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error); // the shell could not be run
  }
  const mark = await server.catch(() => null);
  const endMs = performance.now() + STOP_MS_MAX;
  while (mark !== null && isAlive(mark)) {
    if (performance.now() > endMs) kill(mark);
    await sleep(END_POLL_MS);
  }
  return how;
}

function kill(mark: ProcessMark): void {
  if (!isAlive(mark)) return;
  try {
    process.kill(mark.pid, 'SIGKILL');
  } catch {
    // It ended between the two lines.
  }
}

async function isSettledWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(ms, false, { signal: timer.signal }).catch(() => true);
  const isSettled = await Promise.race([work.then(() => true), late]);
  timer.abort();
  return isSettled;
}

async function pidOf(child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error('the watchdog has no output');
  for await (const line of createInterface({ input: child.stdout })) return Number(line);
  throw new Error('the watchdog ended before it told the process id of nats-server');
}

async function readyPort(
  portsDir: string,
  exited: Promise<string>,
  lastWords: () => string,
): Promise<number> {
  let how: string | null = null;
  void exited.then((end) => {
    how = end;
  });
  const endMs = performance.now() + READY_MS_MAX;
  // The server writes its ports file once it listens. Asking works on every file system; watching does not.
  for (;;) {
    const port = readPort(portsDir);
    if (port !== null) return port;
    if (how !== null) throw new Error(`nats-server did not start (${how}): ${lastWords()}`);
    if (performance.now() > endMs) {
      throw new Error(`nats-server was not ready within ${READY_MS_MAX} ms: ${lastWords()}`);
    }
    await sleep(READY_POLL_MS);
  }
}

function readPort(portsDir: string): number | null {
  for (const name of readdirSync(portsDir)) {
    const found = /"nats:\/\/[^"]*:(\d+)"/.exec(readFileSync(path.join(portsDir, name), 'utf8'));
    if (found?.[1] !== undefined) return Number(found[1]);
  }
  return null;
}

function lastLine(logFile: string, start: number): string {
  const said = readFileSync(logFile).subarray(start).toString().trimEnd();
  return `${said.split('\n').at(-1) || 'it said nothing'} (${logFile})`;
}
