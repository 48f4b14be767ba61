import type { Reservation } from '../../schemas/ledger.ts';
import type { Picodollars } from '../../schemas/money.ts';
import type { AttemptOutcome, Usage } from '../../schemas/usage.ts';

/** The end of an attempt, as far as money is concerned. */
export interface FinalEntry {
  readonly kind: 'final';
  /** `<requestId>.<attempt>`. */
  readonly attemptId: string;
  readonly provider: string;
  readonly account: string;
  readonly upstreamModel: string;
  readonly sessionId: string | null;
  readonly clientKeyId: string | null;
  readonly requestClass: string | null;
  /** Unix milliseconds. */
  readonly endedAtMs: number;
  readonly outcome: AttemptOutcome;
  readonly isEstimated: boolean;
  /** The event had no cost: it was priced when it was read. */
  readonly isUnpriced: boolean;
  readonly picodollars: Picodollars;
  readonly usage: Usage;
}

/** Attempts that are about to be made. */
export interface ReservedEntries {
  readonly kind: 'reserved';
  readonly reservations: readonly Reservation[];
}

/** Something that happens once, e.g. an alert of a period. */
export interface Mark {
  readonly kind: 'mark';
  readonly id: string;
}

/** An event of stream EV as a ledger sees it. `other` = it changes no sums. */
export type LedgerEvent = FinalEntry | ReservedEntries | Mark | { readonly kind: 'other' };
