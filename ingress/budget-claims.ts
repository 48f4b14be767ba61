import type { RouteTarget } from '../schemas/envelope.ts';
import type { ProviderId } from '../schemas/provider.ts';
import type { BudgetStand } from './budget-book.ts';
import type { BudgetedExchange, BudgetGate, BudgetHold } from './budget-gate.ts';
import { spendLimitFailure } from './budget-refusal.ts';
import type { AttemptFailure } from './final-error.ts';

/** What budgets have to say about one exchange. Without a gate: nothing, and it costs nothing. */
export class BudgetClaims {
  readonly #gate: BudgetGate | null;
  readonly #exchange: BudgetedExchange;
  #refusedBy: BudgetStand | null = null;

  constructor(gate: BudgetGate | null, exchange: BudgetedExchange) {
    this.#gate = gate;
    this.#exchange = exchange;
  }

  /** The answer when nobody was asked because of a budget; null = no budget was in the way. */
  get refusal(): AttemptFailure | null {
    return this.#refusedBy === null ? null : spendLimitFailure(this.#refusedBy);
  }

  /** Providers that the request may not go to. */
  barred(): readonly ProviderId[] {
    if (this.#gate === null) return NOBODY;
    const barred = this.#gate.barred(this.#exchange, Date.now());
    this.#refusedBy = barred[0]?.stand ?? null;
    return barred.map(({ provider }) => provider);
  }

  /** Sets money aside for an attempt; null = there is not enough left for this one. */
  hold(target: RouteTarget, attempt: number): BudgetHold | null {
    if (this.#gate === null) return NO_HOLD;
    const claim = this.#gate.claim(this.#exchange, { target, attempt, nowMs: Date.now() });
    if (claim.kind === 'held') return claim.hold;
    this.#refusedBy = claim.stand;
    return null;
  }
}

const NOBODY: readonly ProviderId[] = [];
const NO_HOLD: BudgetHold = { during: (work) => work() };
