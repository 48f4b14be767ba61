import { LIMITS } from '../../config/limits.ts';
import type { Reservation } from '../../schemas/ledger.ts';
import type { FinalEntry, LedgerEvent } from './ledger-event.ts';
import { type LedgerState, openTotals } from './ledger-state.ts';
import { closeOf, HOUR_MS, hourOf, periodsAt } from './periods.ts';
import { addToTotals, keysOf, writeTotals } from './running-totals.ts';

/** Where an event stands in the log. */
export interface Position {
  readonly sequence: number;
  /** When it was stored, by the server's clock. Unix milliseconds. */
  readonly storedAtMs: number;
  /** The hash chain after it. */
  readonly chain: Uint8Array;
}

/**
 * Takes the next event into the state. Events come in the order of their sequence, none twice; what they tell may be
 * repeated and in any order. `null` = an event that cannot be read.
 */
export function fold(state: LedgerState, position: Position, event: LedgerEvent | null): void {
  if (position.storedAtMs > state.streamMs) state.streamMs = position.storedAtMs;
  if (state.streamMs >= state.closesAtMs) closePeriods(state);
  if (position.sequence !== state.sequence + 1) countMissing(state, position.sequence);
  state.sequence = position.sequence;
  state.storedAtMs = position.storedAtMs;
  state.chain = position.chain;
  if (event === null) state.oddities.unreadable += 1;
  else if (event.kind === 'final') close(state, event);
  else if (event.kind === 'reserved') for (const each of event.reservations) open(state, each);
  else if (event.kind === 'mark') mark(state, event.id);
}

function countMissing(state: LedgerState, sequence: number): void {
  const first = state.sequence + 1;
  state.oddities.missing += sequence - first;
  if (state.holes.length < LIMITS.ledgerHolesMax) state.holes.push([first, sequence - 1]);
}

function open(state: LedgerState, reservation: Reservation): void {
  const { reservations, oddities } = state;
  const { attemptId } = reservation;
  if (state.closedIds.endOf(attemptId) !== null) {
    oddities.lateReservations += 1;
    return;
  }
  const known = reservations.get(attemptId);
  if (known !== undefined && !isRenewed(known, reservation)) return;
  reservations.delete(attemptId); // a renewed one goes to the end
  reservations.set(attemptId, { ...reservation, openedAtMs: state.storedAtMs });
  if (reservations.size <= LIMITS.ledgerReservationsMax) return;
  deleteFirst(reservations);
  oddities.forgottenReservations += 1;
}

function isRenewed(known: Reservation, told: Reservation): boolean {
  return (told.renewedAtMs ?? 0) > (known.renewedAtMs ?? 0);
}

function close(state: LedgerState, entry: FinalEntry): void {
  const { attemptId, outcome } = entry;
  const end = state.closedIds.endOf(attemptId);
  if (end !== null) {
    state.oddities.repeated += 1;
    if (end === 'lost' && outcome !== 'lost') state.oddities.late += 1;
    return;
  }
  const chunk = state.closedIds.add(attemptId, outcome === 'lost');
  if (chunk !== null) state.unsaved.chunks.push(chunk);
  state.reservations.delete(attemptId);
  if (entry.endedAtMs < state.countsFromMs) return;
  count(state, entry);
}

function count(state: LedgerState, entry: FinalEntry): void {
  const atMs = countedAt(state, entry.endedAtMs);
  const keys = keysOf(entry);
  for (const period of periodsAt(atMs)) {
    const totals = state.periods.get(period) ?? openTotals(state, period);
    addToTotals(totals, entry, keys);
  }
}

// An hour that was closed stays as it is, and one that is far ahead would never close.
function countedAt(state: LedgerState, endedAtMs: number): number {
  const isClosed = (hourOf(endedAtMs) + 1) * HOUR_MS + LIMITS.ledgerPeriodOpenMs <= state.streamMs;
  const isAhead = endedAtMs > state.streamMs + LIMITS.ledgerClockAheadMsMax;
  if (!isClosed && !isAhead) return endedAtMs;
  state.oddities.misdated += 1;
  return state.streamMs;
}

function mark(state: LedgerState, id: string): void {
  if (state.marks.has(id)) return;
  state.marks.set(id, state.storedAtMs);
  if (state.marks.size > LIMITS.ledgerMarksMax) deleteFirst(state.marks);
}

// The totals are as of the event before this one.
function closePeriods(state: LedgerState): void {
  const closedAt = { sequence: state.sequence, chain: Buffer.from(state.chain).toString('hex') };
  let nextMs = Number.POSITIVE_INFINITY;
  for (const [period, totals] of state.periods) {
    const closeMs = closeOf(period);
    if (closeMs > state.streamMs) {
      nextMs = Math.min(nextMs, closeMs);
      continue;
    }
    state.unsaved.periods.push(writeTotals(totals, { period, closedAt }));
    state.periods.delete(period);
  }
  state.closesAtMs = nextMs;
}

function deleteFirst(map: Map<string, unknown>): void {
  const { value } = map.keys().next();
  if (value !== undefined) map.delete(value);
}
