import type { Bus } from '../bus/connect.ts';
import type { EventPublisher } from '../bus/events.ts';
import type { Log } from '../bus/log.ts';
import { LIMITS } from '../config/limits.ts';
import { subjects } from '../schemas/subjects.ts';
import { usageEventId } from '../schemas/usage.ts';
import type { Ledger } from './ledger.ts';
import { lostEntry, overdue } from './state/lost-attempts.ts';

/** A lost entry that does not come back from the log after this long is published again. */
const AGAIN_MS = 60_000;

/**
 * Settles the attempts of workers that vanished together with their ingress: publishes the usage event that nobody else did,
 * under the id that theirs would have had. Only once the log is read to its end: there the true one may stand.
 */
export class Sweeper {
  readonly #ledger: Ledger;
  readonly #events: EventPublisher;
  readonly #log: Log;
  readonly #published = new Map<string, number>();

  constructor(ledger: Ledger, { events, log }: { readonly events: EventPublisher; log: Log }) {
    this.#ledger = ledger;
    this.#events = events;
    this.#log = log;
  }

  /** Looks once. `nowMs` in Unix milliseconds. Returns how many were settled. */
  sweep(nowMs: number): number {
    const { state, isActive, isCaughtUp } = this.#ledger;
    for (const [attemptId, atMs] of this.#published) {
      if (atMs + AGAIN_MS <= nowMs) this.#published.delete(attemptId);
    }
    if (!isActive || !isCaughtUp) return 0;
    const due = overdue(state, nowMs).filter(({ attemptId }) => !this.#published.has(attemptId));
    for (const reservation of due) {
      const { attemptId, requestId, attempt, provider } = reservation;
      this.#published.set(attemptId, nowMs);
      this.#events.publish(
        subjects.usageEvent(provider),
        usageEventId(requestId, attempt),
        lostEntry(reservation),
      );
    }
    if (due.length > 0) this.#log.warn({ count: due.length }, 'attempts that nobody ended');
    return due.length;
  }

  /**
   * Looks every `ledgerSweepMs`, but not soon after the start or after a connection has come back: then true entries may lie
   * in spools. Returns the function that ends it.
   */
  start(bus: Pick<Bus, 'connectedAtMs' | 'isConnected'>): () => void {
    const startedAtMs = performance.now();
    const look = (): void => {
      const quietMs = performance.now() - Math.max(startedAtMs, bus.connectedAtMs);
      if (bus.isConnected && quietMs >= LIMITS.ledgerSweepGraceMs) this.sweep(Date.now());
    };
    const timer = setInterval(look, LIMITS.ledgerSweepMs);
    timer.unref();
    return () => clearInterval(timer);
  }
}
