/** A log and a store in memory, to fold events of any time and to crash a ledger between any two writes. */
import type { LoggedEvent } from '../../../bus/event-stream.ts';
import type { LedgerStore, StoredValue } from '../../../bus/ledger-store.ts';
import { createLog } from '../../../bus/log.ts';
import { nextChain } from '../../../ledger/chain.ts';
import { loadOnce } from '../../../ledger/load-state.ts';
import { readSnapshot } from '../../../ledger/saved-state.ts';
import { Shadow } from '../../../ledger/shadow.ts';
import { startingPoint } from '../../../ledger/starting-point.ts';
import { fold } from '../../../ledger/state/fold.ts';
import type { LedgerState } from '../../../ledger/state/ledger-state.ts';
import { readEvent } from '../../../ledger/state/read-event.ts';
import { StateSaver } from '../../../ledger/state-saver.ts';
import type { Written } from './events.ts';

export const log = createLog({ level: 'silent', name: 'test' });
/** Prices of events without a cost. */
export const priceOf = (): bigint => 777n;

/** Stream EV without a server. */
export class MemoryLog {
  events: LoggedEvent[] = [];
  created = 'first';
  #last = 0;

  /** Stores an event at a time. */
  add({ subject, event }: Written, storedAtMs: number): void {
    this.#last += 1;
    const data = Buffer.from(typeof event === 'string' ? event : JSON.stringify(event));
    this.events.push({ sequence: this.#last, subject, data, storedAtMs });
  }

  async range() {
    const [first] = this.events;
    return {
      created: this.created,
      firstSequence: first?.sequence ?? this.#last + 1,
      lastSequence: this.#last,
      firstStoredAtMs: first?.storedAtMs ?? 0,
    };
  }

  async storedAt(sequence: number): Promise<number | null> {
    return this.events.find((event) => event.sequence === sequence)?.storedAtMs ?? null;
  }
}

/** What a store throws that was told to crash. */
export class Crash extends Error {}

/** Bucket `gw-totals` without a server. */
export class MemoryStore implements LedgerStore {
  readonly #values = new Map<string, { bytes: Uint8Array | null; revision: number }>();
  #revision = 0;
  /** Writes until it throws; −1 = never. The last one is applied or not. */
  crashAfter = -1;
  isLastApplied = true;

  async read(key: string): Promise<StoredValue | null> {
    const value = this.#values.get(key);
    if (value === undefined || value.bytes === null) return null;
    return { bytes: value.bytes, revision: value.revision };
  }

  async revisionOf(key: string): Promise<number> {
    return this.#values.get(key)?.revision ?? 0;
  }

  async put(key: string, bytes: Uint8Array, after: number): Promise<number | null> {
    if ((this.#values.get(key)?.revision ?? 0) !== after) return null;
    this.#write(() => this.#set(key, Buffer.from(bytes)));
    return this.#revision;
  }

  async purge(key: string): Promise<void> {
    this.#write(() => this.#set(key, null));
  }

  async keys(token: string): Promise<readonly string[]> {
    const kept = [...this.#values].filter(([, { bytes }]) => bytes !== null);
    return kept
      .map(([key]) => key)
      .filter((key) => key.startsWith(`${token}.`))
      .sort();
  }

  #set(key: string, bytes: Uint8Array | null): void {
    this.#revision += 1;
    this.#values.set(key, { bytes, revision: this.#revision });
  }

  #write(apply: () => void): void {
    const isCrash = this.crashAfter === 0;
    if (this.crashAfter >= 0) this.crashAfter -= 1;
    if (!isCrash || this.isLastApplied) apply();
    if (isCrash) throw new Crash();
  }
}

/** Folds one event as a ledger does. */
export function foldLogged(state: LedgerState, event: LoggedEvent): void {
  const { sequence, storedAtMs, subject, data } = event;
  const chain = nextChain(state.chain, event);
  let read: ReturnType<typeof readEvent> | null = null;
  try {
    read = readEvent(subject, data, priceOf);
  } catch {
    // Unreadable: the state counts it.
  }
  fold(state, { sequence, storedAtMs, chain }, read);
}

/**
 * One life of a ledger: reads what is kept, folds what is new, saves after every `saveEvery` events and at the end. Resolves
 * with its state, or null when the store crashed or another ledger wrote.
 */
export async function runLedger(
  eventLog: MemoryLog,
  store: LedgerStore,
  { saveEvery = Number.POSITIVE_INFINITY } = {},
): Promise<LedgerState | null> {
  try {
    const loaded = await loadOnce({ eventLog, store, log });
    const { state } = loaded;
    const saver = new StateSaver({ store, log }, loaded);
    const fresh = eventLog.events.filter(({ sequence }) => sequence > state.sequence);
    for (const [index, event] of fresh.entries()) {
      foldLogged(state, event);
      if ((index + 1) % saveEvery === 0 && !(await saver.save(state))) return null;
    }
    return (await saver.save(state)) ? state : null;
  } catch (error) {
    if (error instanceof Crash) return null;
    throw error;
  }
}

/** What `verify` says of the store. */
export async function verified(eventLog: MemoryLog, store: LedgerStore) {
  const snapshot = await readSnapshot(store);
  if (snapshot === null) throw new Error('no snapshot');
  const range = await eventLog.range();
  const start = await startingPoint({ eventLog, store, snapshot, range });
  const shadow = new Shadow({ store, priceOf }, start);
  const firstSequence = start.state.sequence + 1;
  const lastSequence = Math.min(snapshot.sequence, range.lastSequence);
  const events = eventLog.events.filter(({ sequence }) => sequence >= firstSequence);
  await shadow.take(events, lastSequence);
  shadow.compareSnapshot(snapshot, lastSequence);
  const { findings, periods } = shadow;
  const { checkedFromMs } = start;
  return { findings, periods, checkedFromMs, firstSequence, strangers: await shadow.strangers() };
}
