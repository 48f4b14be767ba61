import type { EventLog } from '../bus/event-log.ts';
import type { LedgerStore } from '../bus/ledger-store.ts';
import type { Log } from '../bus/log.ts';
import { LIMITS } from '../config/limits.ts';
import { readSavedState } from './saved-state.ts';
import { alignWithLog, startAfter } from './state/align.ts';
import type { LedgerState } from './state/ledger-state.ts';

/** A state from which the log can be read on. */
export interface LoadedState {
  readonly state: LedgerState;
  /** Of the snapshot that it was read from. */
  readonly revision: number;
}

/** What it is read with. */
export interface LoadContext {
  readonly eventLog: Pick<EventLog, 'range' | 'storedAt'>;
  readonly store: LedgerStore;
  readonly log: Log;
}

/** Reads the kept state, trying until the store answers. Null = it was `stopped` before. */
export async function loadState(
  context: LoadContext,
  stopped: Promise<void>,
): Promise<LoadedState | null> {
  let isStopped = false;
  void stopped.then(() => {
    isStopped = true;
  });
  let wasReachable = true;
  for (;;) {
    try {
      return await loadOnce(context);
    } catch (error) {
      if (wasReachable) context.log.warn({ error }, 'totals cannot be read; tried again');
      wasReachable = false;
    }
    await Promise.race([stopped, pause()]);
    if (isStopped) return null;
  }
}

/** Reads the kept state once. Throws when the store does not answer. */
export async function loadOnce({ eventLog, store, log }: LoadContext): Promise<LoadedState> {
  const { state, isNew, revision } = await readSavedState(store, log);
  const range = await eventLog.range();
  const { firstSequence, lastSequence } = range;
  if (isNew) {
    startAfter(state, firstSequence - 1);
    state.streamCreated = range.created;
  } else {
    const isHeld = state.sequence >= firstSequence && state.sequence <= lastSequence;
    const storedAtMs = isHeld ? await eventLog.storedAt(state.sequence) : null;
    const { sequence } = state;
    const change = alignWithLog(state, { ...range, storedAtMs });
    if (change !== null) {
      log.error({ change, firstSequence, lastSequence, sequence }, 'the log is not what it was');
    }
  }
  return { state, revision };
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LIMITS.eventLogRetryMs));
}
