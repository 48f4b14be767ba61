import { BUDGET_PERIODS, type BudgetPeriod } from '../schemas/budget.ts';
import type { Picodollars } from '../schemas/money.ts';

/** Whose money it is. */
export interface Payer {
  readonly provider: string;
  readonly clientKeyId: string | null;
}

/** A sum by its owner: everybody, a provider, or a client key. */
export type Owner = 'all' | `provider ${string}` | `key ${string}`;

/** When the period of a time ends, UTC. Unix milliseconds. Pure. */
export function resetMs(period: BudgetPeriod, atMs: number): number {
  const at = new Date(atMs);
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  return period === 'day' ? Date.UTC(year, month, at.getUTCDate() + 1) : Date.UTC(year, month + 1);
}

/**
 * Sums of attempts that no ledger has told about: of those under way, which count in any period, and of those that have
 * ended, which count in the day and month of their end.
 */
export class BudgetSums {
  readonly #sums = new Map<string, Picodollars>();

  /** Adds an amount, or takes it back when it is negative. `endedAtMs` null = the attempt is under way. */
  add(payer: Payer, picodollars: Picodollars, endedAtMs: number | null): void {
    for (const owner of ownersOf(payer)) {
      if (endedAtMs === null) this.#add(owner, picodollars);
      else for (const each of BUDGET_PERIODS) this.#add(ended(owner, each, endedAtMs), picodollars);
    }
  }

  /** What counts in the period of `nowMs`. */
  of(owner: Owner, period: BudgetPeriod, nowMs: number): Picodollars {
    const underWay = this.#sums.get(owner) ?? 0n;
    return underWay + (this.#sums.get(ended(owner, period, nowMs)) ?? 0n);
  }

  #add(key: string, picodollars: Picodollars): void {
    const sum = (this.#sums.get(key) ?? 0n) + picodollars;
    if (sum === 0n) this.#sums.delete(key);
    else this.#sums.set(key, sum);
  }
}

function ended(owner: Owner, period: BudgetPeriod, atMs: number): string {
  return `${owner} ${period} ${resetMs(period, atMs)}`;
}

function ownersOf({ provider, clientKeyId }: Payer): readonly Owner[] {
  const owners: Owner[] = ['all', `provider ${provider}`];
  if (clientKeyId !== null) owners.push(`key ${clientKeyId}`);
  return owners;
}
