import type { Lease } from '../bus/lease.ts';
import type { LedgerStore } from '../bus/ledger-store.ts';
import type { Log } from '../bus/log.ts';
import { LIMITS } from '../config/limits.ts';
import type { LedgerState } from './state/ledger-state.ts';
import { StateSaver } from './state-saver.ts';

/** What is saved, from which revision on. */
export interface SaveTimerOptions {
  readonly state: LedgerState;
  readonly revision: number;
  /** Somebody else wrote the snapshot, or this ledger forgot what it did not write: the kept state must be read again. */
  onConflict(): void;
}

/** Saving takes at most about half a percent of the time: what a killed ledger had not saved it reads again from the log. */
const PAUSE_PER_SAVE = 199;

/** Saves one state while the lease is held: at most every `ledgerSaveMs`, and soon after the last change. */
export class SaveTimer {
  readonly #context: { readonly lease: Lease; readonly log: Log };
  readonly #options: SaveTimerOptions;
  readonly #saver: StateSaver;
  readonly #stopListening: () => void;
  #timer: NodeJS.Timeout | null = null;
  #saving: Promise<void> = Promise.resolve();
  #savedAtMs = Number.NEGATIVE_INFINITY;
  #pauseMs: number = LIMITS.ledgerSaveMs;
  #isChanged = false;
  #hasForgotten = false;
  #isReachable = true;
  #isEnded = false;

  constructor(
    context: { readonly lease: Lease; readonly log: Log; readonly store: LedgerStore },
    options: SaveTimerOptions,
  ) {
    this.#context = context;
    this.#options = options;
    this.#saver = new StateSaver(context, options);
    this.#stopListening = context.lease.onChange((isHeld) => {
      if (isHeld) this.#saveSoon();
    });
  }

  /** The state has changed. A promise = so much is waiting to be written that reading must wait for it. */
  changed(): Promise<void> | undefined {
    this.#isChanged = true;
    const { isHeld } = this.#context.lease;
    if (!this.#isFull()) {
      if (isHeld) this.#saveSoon();
      return undefined;
    }
    if (isHeld) return this.#saveNow().then(() => this.#forgetIfFull());
    this.#forgetIfFull();
    return undefined;
  }

  /** Ends it; the last time what is not saved yet is saved. */
  async end({ isLast }: { readonly isLast: boolean }): Promise<void> {
    this.#stopListening();
    if (isLast && this.#context.lease.isHeld && this.#isChanged) await this.#saveNow();
    this.#isEnded = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#saving;
  }

  #isFull(): boolean {
    const { periods, chunks } = this.#options.state.unsaved;
    return periods.length + chunks.length >= LIMITS.ledgerUnsavedMax;
  }

  // Who holds the lease writes the same; after a failure it is counted again from what was kept.
  #forgetIfFull(): void {
    if (!this.#isFull()) return;
    this.#options.state.unsaved.periods.length = 0;
    this.#options.state.unsaved.chunks.length = 0;
    this.#hasForgotten = true;
  }

  #saveSoon(): void {
    if (this.#timer !== null || this.#isEnded || !this.#isChanged) return;
    const waitMs = this.#savedAtMs + this.#pauseMs - performance.now();
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        void this.#saveNow();
      },
      Math.max(0, waitMs),
    );
  }

  async #saveNow(): Promise<void> {
    const saving = this.#saving.then(() => this.#save());
    this.#saving = saving;
    await saving;
    if (this.#context.lease.isHeld) this.#saveSoon();
  }

  async #save(): Promise<void> {
    if (this.#isEnded || !this.#isChanged) return;
    if (this.#hasForgotten) {
      this.#giveUp();
      return;
    }
    const { state } = this.#options;
    const { log } = this.#context;
    this.#isChanged = false;
    const startMs = performance.now();
    try {
      if (!(await this.#saver.save(state))) {
        log.warn({ sequence: state.sequence }, 'another ledger wrote: its totals are read');
        this.#giveUp();
      }
      this.#isReachable = true;
    } catch (error) {
      if (this.#isReachable) log.warn({ error }, 'totals cannot be kept; tried again');
      this.#isReachable = false;
      this.#isChanged = true;
    }
    this.#savedAtMs = performance.now();
    const tookMs = this.#savedAtMs - startMs;
    const pauseMs = Math.min(PAUSE_PER_SAVE * tookMs, LIMITS.ledgerSaveMsMax);
    this.#pauseMs = Math.max(LIMITS.ledgerSaveMs, pauseMs);
  }

  #giveUp(): void {
    this.#isEnded = true;
    this.#options.onConflict();
  }
}
