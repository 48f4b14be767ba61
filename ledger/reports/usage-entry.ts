import type { LoggedEvent } from '../../bus/event-stream.ts';
import { LIMITS } from '../../config/limits.ts';
import { ClosedIds } from '../state/closed-ids.ts';
import type { FinalEntry } from '../state/ledger-event.ts';
import { HOUR_MS, hourOf } from '../state/periods.ts';
import { type PriceOf, readEvent, UnreadableEventError } from '../state/read-event.ts';

/** The end of an attempt as the ledger counts it, and what else its usage event tells. Times are Unix milliseconds. */
export interface UsageEntry extends FinalEntry {
  readonly requestId: string;
  readonly attempt: number;
  readonly requestModel: string | null;
  readonly responseModel: string | null;
  /** The subagent within the session; null = the main conversation. */
  readonly agentId: string | null;
  /** The id of the message that the client got; null when it got none. */
  readonly messageId: string | null;
  readonly stopReason: string | null;
  readonly status: number | null;
  readonly errorType: string | null;
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly firstByteMs: number | null;
  readonly priceSource: string | null;
  readonly priceVersion: string | null;
  /** In whose hour it counts: when it ended, or when it came, where that hour was closed. */
  readonly countedAtMs: number;
}

type Json = Readonly<Record<string, unknown>>;

/** Takes the events of a log in order and tells which of them count, by the rules of `fold`. */
export class CountedEntries {
  readonly #priceOf: PriceOf;
  readonly #ids = new ClosedIds();
  #streamMs = 0;
  /** Events that no ledger can read. */
  unreadable = 0;

  constructor(priceOf: PriceOf) {
    this.#priceOf = priceOf;
  }

  /** The entry that an event is; null = it is none, or one of an attempt that was counted. */
  take({ subject, data, storedAtMs }: LoggedEvent): UsageEntry | null {
    this.#streamMs = Math.max(this.#streamMs, storedAtMs);
    let entry: UsageEntry | null;
    try {
      entry = this.#read(subject, data);
    } catch (error) {
      if (!(error instanceof UnreadableEventError)) throw error;
      this.unreadable += 1;
      return null;
    }
    if (entry === null || this.#ids.endOf(entry.attemptId) !== null) return null;
    this.#ids.add(entry.attemptId, entry.outcome === 'lost');
    return entry;
  }

  #read(subject: string, data: Uint8Array): UsageEntry | null {
    const event = readEvent(subject, data, this.#priceOf);
    if (event.kind !== 'final') return null;
    const json: Json = JSON.parse(Buffer.from(data).toString()); // `readEvent` has read it as an object
    const cost = json['cost'];
    const said = typeof cost === 'object' && cost !== null ? (cost as Json) : {};
    return {
      ...event,
      requestId: event.attemptId.slice(0, event.attemptId.lastIndexOf('.')),
      attempt: Number(event.attemptId.slice(event.attemptId.lastIndexOf('.') + 1)),
      requestModel: textIn(json, 'requestModel'),
      responseModel: textIn(json, 'responseModel'),
      agentId: textIn(json, 'agentId'),
      messageId: textIn(json, 'messageId'),
      stopReason: textIn(json, 'stopReason'),
      status: numberIn(json, 'status'),
      errorType: textIn(json, 'errorType'),
      startedAtMs: numberIn(json, 'startedAtMs') ?? event.endedAtMs,
      durationMs: numberIn(json, 'durationMs') ?? 0,
      firstByteMs: numberIn(json, 'firstByteMs'),
      priceSource: textIn(said, 'source'),
      priceVersion: textIn(said, 'priceVersion'),
      countedAtMs: this.#countedAt(event.endedAtMs),
    };
  }

  #countedAt(endedAtMs: number): number {
    const closesAtMs = (hourOf(endedAtMs) + 1) * HOUR_MS + LIMITS.ledgerPeriodOpenMs;
    const isClosed = closesAtMs <= this.#streamMs;
    const isAhead = endedAtMs > this.#streamMs + LIMITS.ledgerClockAheadMsMax;
    return isClosed || isAhead ? this.#streamMs : endedAtMs;
  }
}

// An empty text says nothing.
function textIn(json: Json, field: string): string | null {
  const value = json[field];
  return typeof value === 'string' && value !== '' ? value : null;
}

function numberIn(json: Json, field: string): number | null {
  const value = json[field];
  return typeof value === 'number' ? value : null;
}
