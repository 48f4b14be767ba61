import type { PeriodTotals, Reservation } from '../../schemas/ledger.ts';
import { ClosedIds, type IdChunk } from './closed-ids.ts';
import { closeOf } from './periods.ts';
import { emptyTotals, type RunningTotals } from './running-totals.ts';

/** An attempt that is under way. */
export interface OpenReservation extends Reservation {
  /** When its event or its last renewal was stored, by the server's clock. Unix milliseconds. */
  readonly openedAtMs: number;
}

/** What was odd, counted since the ledger began. */
export interface Oddities {
  /** Entries of attempts that were counted before. */
  repeated: number;
  /** Of those, the words of workers whose attempts had been given up as lost. */
  late: number;
  /** Entries that came after their hour was closed, or from a clock that is ahead: they count in the hour of their arrival. */
  misdated: number;
  /** Reservations of attempts that had ended. */
  lateReservations: number;
  /** Reservations that were forgotten because there were too many. */
  forgottenReservations: number;
  /** Events that no ledger can read. */
  unreadable: number;
  /** Events that are missing between others. */
  missing: number;
  /** Events that left the stream before this ledger saw them. */
  expired: number;
  /** Times at which the log was found to have lost its end, or to be another one. */
  logChanges: number;
}

/**
 * Everything a ledger knows: a function of the events it folded, in the order of their sequence. Changed in place, because
 * a rebuild folds millions of them.
 */
export interface LedgerState {
  /** The last event that is in it; 0 = none. */
  sequence: number;
  /** SHA-256 over all events up to `sequence`, after that of the event before `chainedFrom`. */
  chain: Uint8Array;
  /** The first event of the chain. */
  chainedFrom: number;
  /** When the event of `sequence` was stored. Unix milliseconds. */
  storedAtMs: number;
  /** The latest such time: it never goes back, and closes hours. */
  streamMs: number;
  /** When the stream was made, as the server spells it; empty = not seen yet. */
  streamCreated: string;
  /** Attempts that ended before are in totals that were kept when the others were rebuilt. Unix milliseconds. */
  countsFromMs: number;
  /** Totals of open hours, days and months by their names. */
  readonly periods: Map<string, RunningTotals>;
  /** When the next of them closes. Unix milliseconds. */
  closesAtMs: number;
  /** By attempt id, in the order of `openedAtMs`. */
  readonly reservations: Map<string, OpenReservation>;
  readonly closedIds: ClosedIds;
  /** Things that happen once, by id, with when they did: alerts of a period. Oldest first. */
  readonly marks: Map<string, number>;
  /** Missing events: first and last of each hole. */
  readonly holes: (readonly [number, number])[];
  readonly oddities: Oddities;
  /** What has to be written before a snapshot without it. */
  readonly unsaved: { readonly periods: PeriodTotals[]; readonly chunks: IdChunk[] };
}

/** Bytes of the hash chain. */
export const CHAIN_BYTES = 32;

/** A state that has seen nothing. */
export function emptyState(closedIds: ClosedIds = new ClosedIds()): LedgerState {
  return {
    sequence: 0,
    chain: new Uint8Array(CHAIN_BYTES),
    chainedFrom: 1,
    storedAtMs: 0,
    streamMs: 0,
    streamCreated: '',
    countsFromMs: 0,
    periods: new Map(),
    closesAtMs: Number.POSITIVE_INFINITY,
    reservations: new Map(),
    closedIds,
    marks: new Map(),
    holes: [],
    oddities: {
      repeated: 0,
      late: 0,
      misdated: 0,
      lateReservations: 0,
      forgottenReservations: 0,
      unreadable: 0,
      missing: 0,
      expired: 0,
      logChanges: 0,
    },
    unsaved: { periods: [], chunks: [] },
  };
}

/** The totals of an open period, made when they are missing. */
export function openTotals(state: LedgerState, period: string): RunningTotals {
  const found = state.periods.get(period);
  if (found !== undefined) return found;
  const totals = emptyTotals();
  state.periods.set(period, totals);
  state.closesAtMs = Math.min(state.closesAtMs, closeOf(period));
  return totals;
}
