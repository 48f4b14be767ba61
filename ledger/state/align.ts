import { LIMITS } from '../../config/limits.ts';
import { CHAIN_BYTES, type LedgerState } from './ledger-state.ts';

/** What the log says about itself. */
export interface LogFacts {
  /** When it was made, as the server spells it. */
  readonly created: string;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** When the event at the state's sequence was stored, Unix milliseconds; null = the log does not hold it. */
  readonly storedAtMs: number | null;
}

/** Why a state does not go on where it stood; null = it does. */
export type LogChange = 'replaced' | 'shortened' | 'expired' | null;

/**
 * Moves a state to where the log can be read on. A log that lost its end gives the numbers of the lost events out again: then
 * some are read twice, and the ids of attempts see to it that nothing counts twice.
 */
export function alignWithLog(state: LedgerState, facts: LogFacts): LogChange {
  const { firstSequence, lastSequence } = facts;
  const change = changeOf(state, facts);
  state.streamCreated = facts.created;
  if (change === null) return null;
  if (change === 'expired') state.oddities.expired += firstSequence - 1 - state.sequence;
  else state.oddities.logChanges += 1;
  const rewound = Math.min(lastSequence, state.sequence) - LIMITS.ledgerRewindMax;
  startAfter(state, Math.max(firstSequence - 1, change === 'shortened' ? rewound : 0));
  return change;
}

/** Begins a state's chain after this event. */
export function startAfter(state: LedgerState, sequence: number): void {
  state.sequence = sequence;
  state.storedAtMs = 0;
  state.chain = new Uint8Array(CHAIN_BYTES);
  state.chainedFrom = sequence + 1;
}

function changeOf(state: LedgerState, facts: LogFacts): LogChange {
  if (state.streamCreated !== '' && state.streamCreated !== facts.created) return 'replaced';
  if (facts.lastSequence < state.sequence) return 'shortened';
  const isOther = facts.storedAtMs !== null && facts.storedAtMs !== state.storedAtMs;
  if (state.storedAtMs > 0 && isOther) return 'shortened';
  return state.sequence < facts.firstSequence - 1 ? 'expired' : null;
}
