import { z } from 'zod';
import { amountSchema } from './cost.ts';

/** Whom a budget binds: everybody together, or each provider or client key. */
export const BUDGET_SCOPES = ['global', 'provider', 'key'] as const;
/** One of BUDGET_SCOPES. */
export type BudgetScope = (typeof BUDGET_SCOPES)[number];

/** The periods of budgets, in UTC. */
export const BUDGET_PERIODS = ['day', 'month'] as const;
/** One of BUDGET_PERIODS. */
export type BudgetPeriod = (typeof BUDGET_PERIODS)[number];

/** Picodollars in all, by provider, and by client key's id. */
export const spendingSchema = z.looseObject({
  picodollars: amountSchema,
  provider: z.record(z.string(), amountSchema),
  clientKey: z.record(z.string(), amountSchema),
});
/** See `spendingSchema`. */
export type Spending = z.infer<typeof spendingSchema>;

const periodSpendingSchema = spendingSchema.extend({
  /** `YYYY-MM-DDTHH`, `YYYY-MM-DD` or `YYYY-MM`, UTC. */
  period: z.string(),
  /** When it is over. Unix milliseconds. */
  endsAtMs: z.number(),
});

/** What was spent and set aside, as the ledger saw it last: KV `gw-totals`, key `budget`, JSON. */
export const spendingReportSchema = z.looseObject({
  v: z.literal(1),
  /** When it was written, by the ledger's clock. Unix milliseconds. */
  atMs: z.number(),
  /** Every event that was stored by then is in the report. Unix milliseconds. */
  heardMs: z.number(),
  /** When the stream was made, and the last of its events that is in the report. */
  stream: z.string(),
  sequence: z.number(),
  hour: periodSpendingSchema,
  day: periodSpendingSchema,
  month: periodSpendingSchema,
  /** What attempts under way may cost at most. */
  reserved: spendingSchema,
  /** Marks (`attemptMark`) of the attempts under way. */
  open: z.array(z.string()),
});
/** See `spendingReportSchema`. */
export type SpendingReport = z.infer<typeof spendingReportSchema>;

const MARK_CHARACTERS = 12;

/** Names an attempt in few characters: the end of the request's id, which is random, and the number of the attempt. */
export function attemptMark(requestId: string, attempt: number): string {
  return `${requestId.slice(-MARK_CHARACTERS)}.${attempt}`;
}
