import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from './log.ts';
import type { NatsServerProcess } from './nats-server-process.ts';

const RESTART_MS = 50;
const RESTART_MS_MAX = 2_000;
const RESTARTS_PER_MINUTE_MAX = 10;
const MINUTE_MS = 60_000;

/** What keeps a server running. */
export interface NatsServerSupervisor {
  /** Process id of the server that runs now. */
  pid(): number;
  /** Settles at the next restart. */
  restarted(): Promise<void>;
  /** Settles when the server was given up. */
  readonly failed: Promise<Error>;
  /** Ends the server and its supervision; resolves when nothing is left of either. */
  stop(): Promise<void>;
}

/** What the supervisor needs of the world. */
export interface SupervisorOptions {
  /** Starts the server again, on the same port. */
  launch(): Promise<NatsServerProcess>;
  readonly log: Log;
  /** Waits before a restart; returns early when the signal aborts. */
  wait?(ms: number, signal: AbortSignal): Promise<unknown>;
}

/**
 * Starts a server again whenever it dies: after 50 ms, then after twice as long with every death of the last minute. The
 * eleventh death within a minute gives it up.
 */
export function keepNatsServer(
  first: NatsServerProcess,
  { launch, log, wait = waitMs }: SupervisorOptions,
): NatsServerSupervisor {
  const stopping = new AbortController();
  const failed = Promise.withResolvers<Error>();
  let restarted = Promise.withResolvers<void>();
  let running = first;
  let deathsMs: number[] = [];

  const restart = async (): Promise<boolean> => {
    const nowMs = performance.now();
    deathsMs = [...deathsMs.filter((deathMs) => nowMs - deathMs < MINUTE_MS), nowMs];
    const { length } = deathsMs;
    if (length > RESTARTS_PER_MINUTE_MAX) {
      const reason = `nats-server died ${length} times within a minute and was given up; see nats-server.log in the data folder`;
      log.fatal(reason);
      failed.resolve(new Error(reason));
      return false;
    }
    await wait(Math.min(RESTART_MS * 2 ** (length - 1), RESTART_MS_MAX), stopping.signal);
    if (stopping.signal.aborted) return false;
    try {
      running = await launch();
    } catch (error) {
      log.error({ error }, 'nats-server could not be started again');
      return restart();
    }
    if (stopping.signal.aborted) {
      await running.stop();
      return false;
    }
    log.warn({ pid: running.pid }, 'nats-server runs again');
    restarted.resolve();
    restarted = Promise.withResolvers();
    return true;
  };
  const keepRunning = async (): Promise<void> => {
    for (;;) {
      const how = await running.exited;
      if (stopping.signal.aborted) return;
      log.error({ how }, 'nats-server died');
      if (!(await restart())) return;
    }
  };
  const kept = keepRunning();
  return {
    pid: () => running.pid,
    restarted: () => restarted.promise,
    failed: failed.promise,
    async stop() {
      stopping.abort();
      await running.stop();
      await kept;
    },
  };
}

async function waitMs(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {}); // aborted: the caller looks at the signal
}
