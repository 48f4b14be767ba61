import { type LedgerStore, packed } from '../bus/ledger-store.ts';
import type { Log } from '../bus/log.ts';
import { chunkKey, periodKey, SNAPSHOT_KEY, snapshotBytes } from './saved-state.ts';
import type { LedgerState } from './state/ledger-state.ts';

/**
 * Writes one ledger's state: first what became immutable, then the snapshot that no longer holds it, by compare-and-set. Killed
 * in between, the ledger reads the older snapshot and writes the same values again.
 */
export class StateSaver {
  readonly #store: LedgerStore;
  readonly #log: Log;
  #revision: number;
  #purgedBefore: number;

  /** `state` is what was read at `revision`. */
  constructor(
    { store, log }: { readonly store: LedgerStore; readonly log: Log },
    { state, revision }: { readonly state: LedgerState; readonly revision: number },
  ) {
    this.#store = store;
    this.#log = log;
    this.#revision = revision;
    this.#purgedBefore = state.closedIds.first;
  }

  /**
   * Resolves true when the state, as it is now, is kept; false when another ledger wrote in the meantime. Throws when the
   * store does not answer. Not to be called again before it settled.
   */
  async save(state: LedgerState): Promise<boolean> {
    const bytes = snapshotBytes(state);
    const { first } = state.closedIds;
    const periods = [...state.unsaved.periods];
    const chunks = [...state.unsaved.chunks];
    for (const { number, bytes: ids } of chunks) {
      if (!(await this.#putOnce(chunkKey(number), ids))) return false;
    }
    for (const totals of periods) {
      const key = periodKey(totals.period);
      if (!(await this.#putOnce(key, packed(JSON.stringify(totals))))) return false;
    }
    const revision = await this.#store.put(SNAPSHOT_KEY, bytes, this.#revision);
    if (revision === null) return false;
    this.#revision = revision;
    state.unsaved.periods.splice(0, periods.length);
    state.unsaved.chunks.splice(0, chunks.length);
    await this.#purgeChunks(first);
    return true;
  }

  // Two ledgers at the same event write the same. False = another ledger is at work.
  async #putOnce(key: string, bytes: Uint8Array): Promise<boolean> {
    if ((await this.#store.put(key, bytes, 0)) !== null) return true;
    const stored = await this.#store.read(key);
    if (stored !== null && Buffer.compare(stored.bytes, bytes) === 0) return true;
    if ((await this.#store.revisionOf(SNAPSHOT_KEY)) !== this.#revision) return false;
    if (stored !== null) this.#log.warn({ key }, 'a kept value was another one and is replaced');
    const after = stored?.revision ?? (await this.#store.revisionOf(key));
    return (await this.#store.put(key, bytes, after)) !== null;
  }

  async #purgeChunks(before: number): Promise<void> {
    while (this.#purgedBefore < before) {
      await this.#store.purge(chunkKey(this.#purgedBefore));
      this.#purgedBefore += 1;
    }
  }
}
