import type { Log } from '../bus/log.ts';

/** A signal this soon after the first is the same key press, sent by the terminal and by our parent. */
const SAME_SIGNAL_MS = 500;

/**
 * Resolves when the process shall drain: SIGINT, SIGTERM, SIGHUP, or the end of the parent that started us. A second
 * signal ends the process at once.
 */
export function untilStopped(log: Log): Promise<void> {
  let firstAtMs: number | null = null;
  return new Promise((resolve) => {
    const stop = (why: string): void => {
      const nowMs = performance.now();
      if (firstAtMs !== null) {
        if (nowMs - firstAtMs > SAME_SIGNAL_MS) process.exit(130);
        return;
      }
      firstAtMs = nowMs;
      log.info({ why }, 'draining');
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => stop(signal));
    }
    process.once('disconnect', () => stop('parent ended'));
    // Listening to the channel alone must not keep a process alive that has nothing else to do.
    process.channel?.unref();
    // A fault nobody caught leaves unknown state behind: finish what runs, then let a supervisor start us anew.
    process.on('uncaughtException', (error) => {
      log.fatal({ error }, 'uncaught exception');
      process.exitCode = 1;
      stop('uncaught exception');
    });
    process.on('unhandledRejection', (error) => log.error({ error }, 'unhandled rejection'));
  });
}
