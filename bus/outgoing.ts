import type { NatsConnection, PublishOptions } from '@nats-io/nats-core';
import { LIMITS } from '../config/limits.ts';

/** A message to be published. */
export interface OutgoingMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly options?: PublishOptions;
  /** Nobody waits for it: it leaves with the next one for which somebody does, or after `patientMessageMsMax`. */
  readonly isPatient?: boolean;
}

/** Messages on their way out. They leave together in one socket write: writes are most of what a message costs. */
export interface Outgoing {
  push(message: OutgoingMessage): void;
  /** Sends at once what waits. Lost while disconnected, and once the connection has closed for good. */
  flush(): void;
}

/** A message waits for company at most this many turns of the event loop. */
const TURNS_MAX = 8;

/** Creates the queue in front of a connection. */
export function createOutgoing(connection: NatsConnection): Outgoing {
  const queue: OutgoingMessage[] = [];
  let isGathering = false;
  let patience: NodeJS.Timeout | null = null;
  const flush = (): void => {
    if (patience !== null) clearTimeout(patience);
    patience = null;
    // Once closed for good the process is ending: like while disconnected, nobody hears it.
    if (!connection.isClosed()) {
      for (const { subject, data, options } of queue) connection.publish(subject, data, options);
    }
    queue.length = 0;
  };
  // Two turns, and more as long as company comes: only under load, for without it turns cost microseconds.
  const gather = (seen: number, turns: number): void => {
    if (turns > 1 && (queue.length === seen || turns >= TURNS_MAX)) {
      isGathering = false;
      flush();
    } else setImmediate(gather, queue.length, turns + 1);
  };
  return {
    flush,
    push(message) {
      queue.push(message);
      if (isGathering) return;
      if (message.isPatient === true) {
        patience ??= setTimeout(flush, LIMITS.patientMessageMsMax);
        return;
      }
      isGathering = true;
      setImmediate(gather, queue.length, 1);
    },
  };
}
