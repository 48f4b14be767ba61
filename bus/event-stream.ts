import { jetstreamManager } from '@nats-io/jetstream';
import { STREAMS } from '../schemas/subjects.ts';
import type { Bus } from './connect.ts';
import type { Log } from './log.ts';

/** An event as it lies in stream EV. */
export interface LoggedEvent {
  readonly sequence: number;
  readonly subject: string;
  /** Valid until the listener's promise settles. */
  readonly data: Uint8Array;
  /** When the server stored it. Unix milliseconds. */
  readonly storedAtMs: number;
}

/** Which events the stream holds. */
export interface LogRange {
  /** When the stream was made, as the server spells it. */
  readonly created: string;
  /** Empty stream: one more than `lastSequence`. */
  readonly firstSequence: number;
  /** The highest sequence ever given; 0 = none. */
  readonly lastSequence: number;
  /** When the first was stored. Unix milliseconds; 0 = there is none. */
  readonly firstStoredAtMs: number;
}

/** Who reads the log, from where. */
export interface EventReaderOptions {
  /** The first event told is the next one after this sequence that there is. */
  readonly after: number;
  readonly log: Log;
  /**
   * Takes the next events, in order, each once; `areLast` = there were no more at that time (also told without events). No
   * further ones are read until it settles. A rejection is logged and ends the reading.
   */
  onEvents(events: readonly LoggedEvent[], areLast: boolean): void | Promise<void>;
  /** The stream no longer holds the last event that was told: it lost its end, or was made anew. Nothing is read any more. */
  onReplaced(): void;
  /** The server has further events, and gave none of them out for five seconds: its store is broken. Reading goes on. */
  onSilence?(): void;
}

/** Follows the log. Disposing it stops: the listener is not called after that, and the last call has settled. */
export type EventReader = AsyncDisposable;

/** How long one question about the stream waits for JetStream. */
export const ANSWER_MS_MAX = 2_000;

/** Says which events the stream holds. Throws when JetStream does not answer. */
export async function rangeOf(bus: Bus): Promise<LogRange> {
  const manager = await jetstreamManager(bus.connection, { timeout: ANSWER_MS_MAX });
  const { created, state } = await manager.streams.info(STREAMS.events);
  const isEmpty = state.messages === 0;
  return {
    created,
    firstSequence: isEmpty ? state.last_seq + 1 : state.first_seq,
    lastSequence: state.last_seq,
    firstStoredAtMs: isEmpty ? 0 : Date.parse(state.first_ts),
  };
}
