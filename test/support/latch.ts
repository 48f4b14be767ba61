/** Waiting for events in tests, never for time. */
import { setTimeout as sleep } from 'node:timers/promises';

/** A promise that someone else settles. */
export interface Latch<Value = void> {
  readonly opened: Promise<Value>;
  open(value: Value): void;
  fail(reason: Error): void;
}

/** Creates a latch; it opens once. */
export function createLatch<Value = void>(): Latch<Value> {
  const { promise, resolve, reject } = Promise.withResolvers<Value>();
  promise.catch(() => {}); // a failure belongs to whoever waits
  return { opened: promise, open: resolve, fail: reject };
}

/** How long a test waits for something that must happen soon. */
const WAIT_MS_MAX = 10_000;
const POLL_MS = 5;

/** Resolves with the event's value, or fails with `what` when it stays out. */
export async function within<Value>(
  work: Promise<Value>,
  what: string,
  waitMsMax = WAIT_MS_MAX,
): Promise<Value> {
  const timer = new AbortController();
  const late = sleep(waitMsMax, undefined, { signal: timer.signal }).then(
    () => Promise.reject(new Error(`${what}: not within ${waitMsMax} ms`)),
    () => new Promise<never>(() => {}), // the work was first
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}

/**
 * Resolves as soon as `isTrue`, asking again and again: only for what tells nobody that it happened, like the end of a
 * process that is not our child. Fails with `what` when it stays out.
 */
export async function eventually(
  isTrue: () => boolean | Promise<boolean>,
  what: string,
  waitMsMax = WAIT_MS_MAX,
): Promise<void> {
  const endMs = performance.now() + waitMsMax;
  while (!(await isTrue())) {
    if (performance.now() > endMs) throw new Error(`${what}: not within ${waitMsMax} ms`);
    await sleep(POLL_MS);
  }
}
