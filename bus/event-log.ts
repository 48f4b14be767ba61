import { jetstreamManager } from '@nats-io/jetstream';
import { STREAMS } from '../schemas/subjects.ts';
import type { Bus } from './connect.ts';
import {
  ANSWER_MS_MAX,
  type EventReader,
  type EventReaderOptions,
  type LogRange,
  rangeOf,
} from './event-stream.ts';
import { LogReader } from './log-reader.ts';

/** Stream EV, to be asked and read. Everything that answers throws when JetStream does not. */
export interface EventLog {
  range(): Promise<LogRange>;
  /** When an event was stored, Unix milliseconds; null = the stream does not hold it. */
  storedAt(sequence: number): Promise<number | null>;
  /**
   * Reads from a sequence on, for ever. Starts at once, whether JetStream is there or not; goes on by itself after restarts of
   * the server, where it stopped.
   */
  read(options: EventReaderOptions): EventReader;
}

/** Opens the log. Nothing is asked before it is used. */
export function openEventLog(bus: Bus): EventLog {
  return {
    range: () => rangeOf(bus),
    async storedAt(sequence) {
      const manager = await jetstreamManager(bus.connection, { timeout: ANSWER_MS_MAX });
      const message = await manager.streams.getMessage(STREAMS.events, { seq: sequence });
      return message === null ? null : message.time.getTime();
    },
    read: (options) => new LogReader(bus, options),
  };
}
