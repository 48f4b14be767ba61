import { matchesGlob } from '../config/glob.ts';
import type { Budget } from '../config/load-budgets.ts';
import type { Spending, SpendingReport } from '../schemas/budget.ts';
import type { Picodollars } from '../schemas/money.ts';
import { BudgetAttempts } from './budget-attempts.ts';
import { type Owner, type Payer, resetMs } from './budget-sums.ts';

/** How much of a budget is gone, for everybody together or for one provider or client key. */
export interface BudgetStand {
  readonly budget: Budget;
  /** Null = everybody. */
  readonly name: string | null;
  /** Counted by the ledger. */
  readonly spent: Picodollars;
  /** What attempts under way may cost, and what the ledger has not counted yet. */
  readonly setAside: Picodollars;
  /** Unix milliseconds. */
  readonly resetsAtMs: number;
}

/** A report of an older event is taken only when it is so much newer itself: then the log was set back. */
const SET_BACK_MS = 10_000;

/**
 * What is left of budgets: the ledger's last report and what this ingress knows beyond it. An attempt is admitted only when
 * the most that it may cost fits, and counts from that moment on, so that parallel ones cannot run past a budget.
 */
export class BudgetBook {
  readonly #budgets: readonly Budget[];
  readonly #attempts = new BudgetAttempts();
  #report: SpendingReport | null = null;

  constructor(budgets: readonly Budget[]) {
    this.#budgets = budgets;
  }

  /** Takes a report of the ledger; one of older events than the last is passed over. */
  take(report: SpendingReport): void {
    const last = this.#report;
    const isOlder =
      last !== null && last.stream === report.stream && report.sequence < last.sequence;
    if (isOlder && report.atMs < last.atMs + SET_BACK_MS) return;
    this.#report = report;
    this.#attempts.settle(report);
  }

  /** The first budget in which nothing is left for an attempt of this cost; null = it fits. Of the scopes given only. */
  refusal(
    payer: Payer,
    picodollars: Picodollars,
    { nowMs, scopes }: { readonly nowMs: number; readonly scopes: readonly Budget['scope'][] },
  ): BudgetStand | null {
    for (const budget of this.#budgets) {
      if (!scopes.includes(budget.scope)) continue;
      const name = nameIn(budget, payer);
      if (name === undefined) continue;
      const stand = this.#standOf(budget, name, nowMs);
      const used = stand.spent + stand.setAside;
      if (used + picodollars > budget.picodollars || used === budget.picodollars) return stand;
    }
    return null;
  }

  /** Counts an attempt that was admitted. */
  start(mark: string, payer: Payer, picodollars: Picodollars): void {
    this.#attempts.start(mark, payer, picodollars);
  }

  /** It never took place. */
  withdraw(mark: string): void {
    this.#attempts.withdraw(mark);
  }

  /** It is over; null = nobody knows what it cost. */
  end(mark: string, picodollars: Picodollars | null, nowMs: number): void {
    this.#attempts.end(mark, picodollars, nowMs);
  }

  /** How every budget stands, for each of `providers` and of the client keys that the ledger knows. */
  stands(providers: readonly string[], nowMs: number): readonly BudgetStand[] {
    const keys = Object.keys(this.#report?.month.clientKey ?? {}).filter((key) => key !== NO_KEY);
    return this.#budgets.flatMap((budget) => {
      const names = { global: [null], provider: providers, key: keys }[budget.scope];
      return names
        .filter((name) => name === null || isNamed(budget, name))
        .map((name) => this.#standOf(budget, name, nowMs));
    });
  }

  #standOf(budget: Budget, name: string | null, nowMs: number): BudgetStand {
    const { scope, period } = budget;
    const report = this.#report;
    const counted = report?.[period];
    const isCurrent = counted !== undefined && nowMs < counted.endsAtMs;
    const local = this.#attempts.sums.of(ownerOf(scope, name), period, nowMs);
    return {
      budget,
      name,
      spent: isCurrent ? amountOf(counted, scope, name) : 0n,
      setAside: (report === null ? 0n : amountOf(report.reserved, scope, name)) + local,
      resetsAtMs: resetMs(period, nowMs),
    };
  }
}

/** The key of the ledger's sums for requests without a client key. */
const NO_KEY = 'none';

// Undefined = the budget does not bind this payer.
function nameIn(budget: Budget, { provider, clientKeyId }: Payer): string | null | undefined {
  if (budget.scope === 'global') return null;
  const name = budget.scope === 'provider' ? provider : clientKeyId;
  return name !== null && isNamed(budget, name) ? name : undefined;
}

function isNamed({ name: pattern }: Budget, name: string): boolean {
  return pattern === null || matchesGlob(pattern, name);
}

function ownerOf(scope: Budget['scope'], name: string | null): Owner {
  if (name === null) return 'all';
  return scope === 'provider' ? `provider ${name}` : `key ${name}`;
}

function amountOf(spending: Spending, scope: Budget['scope'], name: string | null): Picodollars {
  if (name === null) return BigInt(spending.picodollars);
  const by = scope === 'provider' ? spending.provider : spending.clientKey;
  return BigInt(Object.hasOwn(by, name) ? (by[name] ?? '0') : '0');
}
