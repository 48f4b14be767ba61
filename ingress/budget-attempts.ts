import { LIMITS } from '../config/limits.ts';
import type { SpendingReport } from '../schemas/budget.ts';
import type { Picodollars } from '../schemas/money.ts';
import { BudgetSums, type Payer, resetMs } from './budget-sums.ts';

interface Counted extends Payer {
  picodollars: Picodollars;
  /** Null = under way. */
  endedAtMs: number | null;
  /** The last report has it among its open attempts, and so in its sums. */
  isReported: boolean;
}

/**
 * The attempts of one ingress, each counted here as long as the ledger's last report does not count it: from its start until
 * a report names it as open, or, if it was too short for that, until the ledger has heard everything up to `budgetSettleMs`
 * after its end. Without reports all of them go on counting.
 */
export class BudgetAttempts {
  readonly sums = new BudgetSums();
  readonly #attempts = new Map<string, Counted>();

  /** Attempts that are looked after. */
  get size(): number {
    return this.#attempts.size;
  }

  /** An attempt may start that costs at most so much. */
  start(mark: string, payer: Payer, picodollars: Picodollars): void {
    this.#attempts.set(mark, { ...payer, picodollars, endedAtMs: null, isReported: false });
    this.sums.add(payer, picodollars, null);
  }

  /** It never took place. */
  withdraw(mark: string): void {
    const attempt = this.#attempts.get(mark);
    if (attempt !== undefined) this.#delete(mark, attempt);
  }

  /** It is over, and cost so much; null = nobody knows, so it counts as before. */
  end(mark: string, picodollars: Picodollars | null, nowMs: number): void {
    const attempt = this.#attempts.get(mark);
    if (attempt === undefined) return;
    if (!attempt.isReported) this.#count(attempt, -1n);
    attempt.endedAtMs = nowMs;
    attempt.picodollars = picodollars ?? attempt.picodollars;
    if (!attempt.isReported) this.#count(attempt, 1n);
    if (this.#attempts.size > LIMITS.budgetAttemptsMax) this.#merge();
  }

  /** Takes the ledger's word. */
  settle({ open, heardMs }: Pick<SpendingReport, 'open' | 'heardMs'>): void {
    const named = new Set(open);
    for (const [mark, attempt] of this.#attempts) {
      const isOpen = named.has(mark);
      // What was open and is no longer has ended in the ledger's sums.
      const { isReported, endedAtMs } = attempt;
      const isSettled = isReported
        ? !isOpen
        : endedAtMs !== null && heardMs - endedAtMs >= LIMITS.budgetSettleMs;
      if (isSettled) this.#delete(mark, attempt);
      else if (isOpen && !isReported) {
        this.#count(attempt, -1n);
        attempt.isReported = true;
      }
    }
  }

  #count(attempt: Counted, sign: 1n | -1n): void {
    this.sums.add(attempt, sign * attempt.picodollars, attempt.endedAtMs);
  }

  #delete(mark: string, attempt: Counted): void {
    this.#attempts.delete(mark);
    if (!attempt.isReported) this.#count(attempt, -1n);
  }

  // Without a ledger for long: those that have ended become one per payer and day. No sum changes.
  #merge(): void {
    const merged = new Map<string, Counted>();
    for (const [mark, attempt] of this.#attempts) {
      const { provider, clientKeyId, endedAtMs, isReported } = attempt;
      if (endedAtMs === null || isReported) continue;
      const key = `${provider} ${clientKeyId ?? ''} ${resetMs('day', endedAtMs)}`;
      const sum = merged.get(key);
      this.#attempts.delete(mark);
      if (sum === undefined) merged.set(key, attempt);
      else {
        sum.picodollars += attempt.picodollars;
        sum.endedAtMs = Math.max(sum.endedAtMs ?? 0, endedAtMs);
      }
    }
    for (const [key, attempt] of merged) this.#attempts.set(key, attempt);
  }
}
