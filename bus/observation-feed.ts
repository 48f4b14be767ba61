import { z } from 'zod';
import type { ObservationBatch } from '../schemas/observation.ts';
import { subjects } from '../schemas/subjects.ts';
import { decodeBatch } from './codec.ts';
import type { Bus, BusSubscription } from './connect.ts';
import type { Log } from './log.ts';

// The single observations are judged by whoever learns from them.
const batchSchema = z.object({
  v: z.literal(1),
  source: z.string().min(1).max(128),
  sequence: z.int().positive(),
  observations: z.array(z.looseObject({ kind: z.string() })),
});

/** Nonsense is logged once in this time, in milliseconds. */
const LOG_MS_MIN = 10_000;

/** Takes the observations of all processes, also of this one. Nonsense is logged, now and then, and dropped. */
export function subscribeObservations(
  bus: Bus,
  listener: (batch: ObservationBatch) => void,
  { log }: { readonly log: Log },
): BusSubscription {
  let dropped = 0;
  let loggedAtMs = Number.NEGATIVE_INFINITY;
  return bus.subscribe(subjects.anyObservations(), ({ subject, data }) => {
    const batch = readBatch(data);
    if (batch !== null) return listener(batch);
    dropped += 1;
    const nowMs = performance.now();
    if (nowMs - loggedAtMs < LOG_MS_MIN) return;
    loggedAtMs = nowMs;
    log.warn({ subject, dropped }, 'observations cannot be read');
  });
}

function readBatch(data: Uint8Array): ObservationBatch | null {
  let value: unknown;
  try {
    value = decodeBatch(data);
  } catch {
    return null; // no msgpack: counted by the caller
  }
  return isBatch(value) ? value : null;
}

function isBatch(value: unknown): value is ObservationBatch {
  return batchSchema.safeParse(value).success;
}
