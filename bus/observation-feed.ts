import type { ObservationBatch } from '../schemas/observation.ts';
import { subjects } from '../schemas/subjects.ts';
import { decodeBatch } from './codec.ts';
import type { Bus, BusSubscription } from './connect.ts';
import { observersOf } from './local-observers.ts';
import type { Log } from './log.ts';

const SOURCE_CHARACTERS_MAX = 128;

/** Nonsense is logged once in this time, in milliseconds. */
const LOG_MS_MIN = 10_000;

/**
 * Takes the observations of all processes; those of this one come at once, as they leave, and without the way over the
 * bus. Nonsense is logged, now and then, and dropped.
 */
export function subscribeObservations(
  bus: Bus,
  listener: (batch: ObservationBatch) => void,
  { log }: { readonly log: Log },
): BusSubscription {
  const echoes = new Echoes();
  let dropped = 0;
  let loggedAtMs = Number.NEGATIVE_INFINITY;
  const observers = observersOf(bus);
  const observer = (batch: ObservationBatch): void => {
    echoes.expect(batch);
    try {
      listener(batch);
    } catch (error) {
      log.error({ error }, 'observations could not be learned');
    }
  };
  observers.add(observer);
  const subscription = bus.subscribe(subjects.anyObservations(), ({ subject, data }) => {
    if (echoes.areExpected(subject)) return;
    const batch = readBatch(data);
    if (batch !== null) {
      if (!echoes.isEcho(batch)) listener(batch);
      return;
    }
    dropped += 1;
    const nowMs = performance.now();
    if (nowMs - loggedAtMs < LOG_MS_MIN) return;
    loggedAtMs = nowMs;
    log.warn({ subject, dropped }, 'observations cannot be read');
  });
  return {
    drain() {
      observers.delete(observer);
      return subscription.drain();
    },
    unsubscribe() {
      observers.delete(observer);
      subscription.unsubscribe();
    },
  };
}

/** What comes back over the bus of the batches that were heard in this process. */
class Echoes {
  /** The first batch of each source that was heard here: what it sent before comes over the bus only. */
  readonly #first = new Map<string, number>();
  /** Subjects on which nothing but echoes is to come. */
  readonly #subjects = new Set<string>();

  expect({ source, sequence }: ObservationBatch): void {
    if (!this.#first.has(source)) this.#first.set(source, sequence);
  }

  areExpected(subject: string): boolean {
    return this.#subjects.has(subject);
  }

  /** Messages of one source keep their order: after its first echo there are no others. */
  isEcho({ source, sequence }: ObservationBatch): boolean {
    const first = this.#first.get(source);
    if (first === undefined || sequence < first) return false;
    this.#subjects.add(subjects.observations(source));
    return true;
  }
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

// The single observations are judged by whoever learns from them.
function isBatch(value: unknown): value is ObservationBatch {
  if (typeof value !== 'object' || value === null) return false;
  const { v, source, sequence, observations } = value as Record<keyof ObservationBatch, unknown>;
  return (
    v === 1 &&
    typeof source === 'string' &&
    source.length > 0 &&
    source.length <= SOURCE_CHARACTERS_MAX &&
    typeof sequence === 'number' &&
    Number.isSafeInteger(sequence) &&
    sequence > 0 &&
    Array.isArray(observations) &&
    observations.every(isNamed)
  );
}

function isNamed(observation: unknown): boolean {
  return (
    typeof observation === 'object' &&
    observation !== null &&
    'kind' in observation &&
    typeof observation.kind === 'string'
  );
}
