import type { LedgerDimension } from '../../schemas/ledger.ts';
import type { Picodollars } from '../../schemas/money.ts';
import type { LedgerState, OpenReservation } from './ledger-state.ts';
import { emptyTally, type RunningTally } from './tally.ts';

/** What is summed: one key of a dimension, or everything. */
export type Scope = { readonly dimension: LedgerDimension; readonly key: string } | 'all';

/**
 * Sums of an open period, e.g. `totalsOf(state, 'all', periodAt(nowMs, 'day'))`. Nothing was counted, or the period is
 * closed: zeros. The keys of what has none and of what came late are KEY_OF_NONE and KEY_OF_OTHERS.
 */
export function totalsOf(state: LedgerState, scope: Scope, period: string): Readonly<RunningTally> {
  const totals = state.periods.get(period);
  if (totals === undefined) return emptyTally();
  if (scope === 'all') return totals.total;
  return totals.by[scope.dimension].get(scope.key) ?? emptyTally();
}

/** What the attempts that are under way may cost at most. `isWanted` chooses among them. */
export function reservedOf(
  state: LedgerState,
  isWanted: (reservation: OpenReservation) => boolean = () => true,
): Picodollars {
  let sum = 0n;
  for (const reservation of state.reservations.values()) {
    if (isWanted(reservation)) sum += BigInt(reservation.picodollarsMax);
  }
  return sum;
}
