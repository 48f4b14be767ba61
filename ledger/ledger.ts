import type { EventLog } from '../bus/event-log.ts';
import type { LoggedEvent } from '../bus/event-stream.ts';
import type { EventPublisher } from '../bus/events.ts';
import type { Lease } from '../bus/lease.ts';
import type { LedgerStore } from '../bus/ledger-store.ts';
import type { RunningRole } from '../bus/lifecycle.ts';
import type { Log } from '../bus/log.ts';
import { LIMITS } from '../config/limits.ts';
import type { DeadEvent } from '../schemas/ledger.ts';
import { subjects } from '../schemas/subjects.ts';
import { nextChain } from './chain.ts';
import { loadState } from './load-state.ts';
import { SaveTimer } from './save-timer.ts';
import { fold } from './state/fold.ts';
import type { LedgerEvent } from './state/ledger-event.ts';
import { emptyState, type LedgerState } from './state/ledger-state.ts';
import { type PriceOf, readEvent } from './state/read-event.ts';

/** What a ledger works with. */
export interface LedgerContext {
  readonly eventLog: EventLog;
  readonly store: LedgerStore;
  /** Who holds it writes; the others follow. */
  readonly lease: Lease;
  readonly events: EventPublisher;
  readonly log: Log;
  readonly priceOf: PriceOf;
}

/** A ledger that runs. Disposing it keeps the state and ends it. */
export interface Ledger extends RunningRole {
  /** What it knows now; another object after every reading from the store. */
  readonly state: LedgerState;
  /** It writes: of several ledgers one does. */
  readonly isActive: boolean;
  /** It has seen all there was in the log a moment ago. */
  readonly isCaughtUp: boolean;
  /** Settles when the kept state has been read: totals can be asked for. */
  readonly loaded: Promise<void>;
  /** Settles when all events were seen that the log held then. */
  readonly caughtUp: Promise<void>;
  /** Called after every batch of events, with the state as it is now. Returns the function that removes the listener. */
  onFolded(listener: (state: LedgerState) => void): () => void;
}

/** Reads what was kept, follows the log, and keeps what it knows. See `startLedger`. */
export class LogFolder implements Ledger {
  readonly #context: LedgerContext;
  readonly #listeners = new Set<(state: LedgerState) => void>();
  readonly #loaded = Promise.withResolvers<void>();
  readonly #caughtUp = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();
  readonly #ended: Promise<void>;
  #state = emptyState();
  #isCaughtUp = false;
  #isStopped = false;
  /** Reads the kept state again and goes on from there. */
  #restart: () => void = () => {};
  #saves: SaveTimer | null = null;

  constructor(context: LedgerContext) {
    this.#context = context;
    this.#ended = this.#run();
  }

  get state(): LedgerState {
    return this.#state;
  }

  get isActive(): boolean {
    return this.#context.lease.isHeld;
  }

  get isCaughtUp(): boolean {
    return this.#isCaughtUp;
  }

  get loaded(): Promise<void> {
    return this.#loaded.promise;
  }

  get caughtUp(): Promise<void> {
    return this.#caughtUp.promise;
  }

  onFolded(listener: (state: LedgerState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    this.#stopped.resolve();
    this.#restart();
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const loaded = await loadState(this.#context, this.#stopped.promise);
      if (loaded === null) return;
      const { promise: restarted, resolve: restart } = Promise.withResolvers<void>();
      this.#restart = restart;
      this.#state = loaded.state;
      this.#loaded.resolve();
      const saves = new SaveTimer(this.#context, { ...loaded, onConflict: restart });
      this.#saves = saves;
      const reader = this.#context.eventLog.read({
        after: loaded.state.sequence,
        log: this.#context.log,
        onEvents: (events, areLast) => this.#take(events, areLast),
        onReplaced: restart,
      });
      if (this.#isStopped) restart();
      await restarted;
      await reader[Symbol.asyncDispose]();
      await saves.end({ isLast: this.#isStopped });
      this.#isCaughtUp = false;
    }
  }

  #take(events: readonly LoggedEvent[], areLast: boolean): Promise<void> | undefined {
    const state = this.#state;
    for (const event of events) {
      const { sequence, storedAtMs } = event;
      if (sequence <= state.sequence) continue;
      const chain = nextChain(state.chain, event);
      fold(state, { sequence, storedAtMs, chain }, this.#read(event));
    }
    if (areLast) this.#setCaughtUp();
    for (const listener of this.#listeners) this.#tell(listener);
    return this.#saves?.changed();
  }

  // An event that cannot be read must not keep the others from being counted.
  #read(event: LoggedEvent): LedgerEvent | null {
    const { events, log, lease, priceOf } = this.#context;
    const { sequence, subject, data, storedAtMs } = event;
    try {
      return readEvent(subject, data, priceOf);
    } catch (error) {
      log.error({ error, sequence, subject }, 'an event cannot be read and is left out');
      if (lease.isHeld && Date.now() - storedAtMs < LIMITS.ledgerDeadMsMax) {
        const id = `dead.${sequence}`;
        const reason = error instanceof Error ? error.message : String(error);
        const dead: DeadEvent = { v: 1, id, sequence, subject, reason };
        events.publish(subjects.deadEvent(), id, dead);
      }
      return null;
    }
  }

  #tell(listener: (state: LedgerState) => void): void {
    try {
      listener(this.#state);
    } catch (error) {
      this.#context.log.error({ error }, 'a listener of the ledger failed');
    }
  }

  #setCaughtUp(): void {
    this.#isCaughtUp = true;
    this.#caughtUp.resolve();
  }
}
