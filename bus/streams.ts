import { DiscardPolicy, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { STREAMS, subjects } from '../schemas/subjects.ts';
import type { Bus } from './connect.ts';

const MINUTE_NS = 60_000_000_000;
/** Outlasts what a publisher retries after; nats-server keeps every id of it in memory. */
const DUPLICATE_WINDOW_NS = 3 * MINUTE_NS;
const EVENTS_BYTES_MAX = 8 * 1024 ** 3;
const STREAM_READY_MS_MAX = 15_000;
const RETRY_MS = 200;

/** Creates the streams that are missing. Safe to call from any number of processes at once. */
export async function ensureStreams(bus: Bus): Promise<void> {
  const giveUpAtMs = performance.now() + STREAM_READY_MS_MAX;
  for (;;) {
    try {
      const manager = await jetstreamManager(bus.connection, { timeout: 2_000 });
      const found = await manager.streams.info(STREAMS.events).catch(() => null);
      if (found !== null) return;
      await manager.streams.add({
        name: STREAMS.events,
        subjects: [subjects.anyEvent()],
        storage: StorageType.File,
        retention: RetentionPolicy.Limits,
        discard: DiscardPolicy.Old,
        duplicate_window: DUPLICATE_WINDOW_NS,
        max_bytes: EVENTS_BYTES_MAX,
        num_replicas: 1,
      });
      return;
    } catch (error) {
      // A server that has just started may not serve JetStream yet; another process may have won the race.
      if (performance.now() > giveUpAtMs) {
        throw new Error(
          `JetStream does not answer; start nats-server with -js (${error instanceof Error ? error.message : String(error)})`,
          { cause: error },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
