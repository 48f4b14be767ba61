import type { SpendingReport } from '../schemas/budget.ts';
import { formatUsd, type Picodollars } from '../schemas/money.ts';
import type { BudgetStand } from './budget-book.ts';

/** What was spent, in US dollars. Exact but for what a JSON number holds. */
export interface CostsView {
  /** Unix milliseconds; null = no ledger has reported. */
  readonly as_of_ms: number | null;
  readonly this_hour_usd: number;
  readonly today_usd: number;
  readonly month_usd: number;
  /** What attempts under way may cost at most. */
  readonly reserved_usd: number;
  readonly by_provider: Readonly<Record<string, ProviderCosts>>;
}

interface ProviderCosts {
  readonly today_usd: number;
  readonly month_usd: number;
}

/** One budget, for everybody, or for one provider or client key. */
export interface BudgetView {
  readonly scope: string;
  readonly name: string | null;
  readonly period: string;
  readonly limit_usd: number;
  readonly spent_usd: number;
  readonly set_aside_usd: number;
  readonly resets_at: string;
  readonly reached: boolean;
}

type Period = Pick<SpendingReport['day'], 'endsAtMs' | 'picodollars' | 'provider'>;

/** The costs of the periods of `nowMs` (Unix milliseconds): what the report says of an earlier one is not told. Pure. */
export function costsView(report: SpendingReport | null, nowMs: number): CostsView {
  const current = (period: Period | undefined): Period =>
    period !== undefined && nowMs < period.endsAtMs ? period : NOTHING;
  const [hour, day, month] = [report?.hour, report?.day, report?.month].map(current);
  const providers = Object.keys(month?.provider ?? {});
  return {
    as_of_ms: report?.atMs ?? null,
    this_hour_usd: usdOf(hour?.picodollars),
    today_usd: usdOf(day?.picodollars),
    month_usd: usdOf(month?.picodollars),
    reserved_usd: usdOf(report?.reserved.picodollars),
    by_provider: Object.fromEntries(
      providers.map((provider) => [
        provider,
        {
          today_usd: usdOf(day?.provider[provider]),
          month_usd: usdOf(month?.provider[provider]),
        },
      ]),
    ),
  };
}

/** How a budget stands, for people and dashboards. Pure. */
export function budgetView(stand: BudgetStand): BudgetView {
  const { budget, name, spent, setAside, resetsAtMs } = stand;
  return {
    scope: budget.scope,
    name,
    period: budget.period,
    limit_usd: usd(budget.picodollars),
    spent_usd: usd(spent),
    set_aside_usd: usd(setAside),
    resets_at: new Date(resetsAtMs).toISOString(),
    reached: spent + setAside >= budget.picodollars,
  };
}

const NOTHING: Period = { endsAtMs: 0, picodollars: '0', provider: {} };

function usdOf(digits: string | undefined): number {
  return usd(BigInt(digits ?? '0'));
}

function usd(picodollars: Picodollars): number {
  return Number(formatUsd(picodollars));
}
