import { LIMITS } from '../config/limits.ts';
import type { Observation, ObservationBatch } from '../schemas/observation.ts';
import { subjects } from '../schemas/subjects.ts';
import { encodeBatch } from './codec.ts';
import type { Bus } from './connect.ts';
import { observersOf } from './local-observers.ts';

/** Tells every router what this process sees of its providers. Disposing it sends what is left. */
export interface ObservationPublisher extends AsyncDisposable {
  /** Observations nobody will hear of: the queue was full while the bus was down, or a batch was too large for it. */
  readonly dropped: number;
  /**
   * Never waits and never throws. Leaves in a batch with others, at most `observationDelayMsMax` later; an urgent one
   * leaves at once with all before it, ahead of whatever is published later.
   */
  add(observation: Observation, options?: { readonly isUrgent?: boolean }): void;
  /** Takes an observation back; false = it has left. */
  withdraw(observation: Observation): boolean;
}

/** Whose observations they are, and who hears them. */
export interface ObservationPublisherOptions {
  /** The process's id: letters, digits, `_` and `-`. */
  readonly source: string;
  /** All routers there are run in this process: nothing is published. */
  readonly isAlone?: boolean;
}

/** Starts the publisher of a process. */
export function startObservationPublisher(
  bus: Bus,
  { source, isAlone = false }: ObservationPublisherOptions,
): ObservationPublisher {
  const observers = observersOf(bus);
  const queue: Observation[] = [];
  let timer: NodeJS.Timeout | null = null;
  let sequence = 0;
  let dropped = 0;
  const send = (observations: readonly Observation[]): void => {
    sequence += 1;
    const batch: ObservationBatch = { v: 1, source, sequence, observations };
    for (const observer of observers) observer(batch);
    if (isAlone) return;
    try {
      bus.publish(subjects.observations(source), encodeBatch(batch));
    } catch {
      dropped += observations.length; // over max_payload: the gap in the sequence tells the routers
    }
  };
  const sendAll = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    // Published while disconnected it would be lost: it waits for the reconnect.
    if (!isAlone && !bus.isConnected) return;
    while (queue.length > 0) send(queue.splice(0, LIMITS.observationBatchMax));
  };
  const stopListening = bus.onReconnect(sendAll);
  return {
    get dropped() {
      return dropped;
    },
    add(observation, { isUrgent = false } = {}) {
      if (queue.length >= LIMITS.observationsQueuedMax) {
        queue.shift();
        dropped += 1;
      }
      queue.push(observation);
      if (isUrgent || queue.length >= LIMITS.observationBatchMax) sendAll();
      else timer ??= setTimeout(sendAll, LIMITS.observationDelayMsMax);
    },
    withdraw(observation) {
      const place = queue.lastIndexOf(observation);
      if (place !== -1) queue.splice(place, 1);
      return place !== -1;
    },
    async [Symbol.asyncDispose]() {
      stopListening();
      sendAll();
    },
  };
}
