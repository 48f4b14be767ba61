/** Limits of alerts and budgets: a part of `LIMITS`, by which everybody reads them. */
export const SPENDING_LIMITS = {
  /** Alerts that `GET /stats` shows. */
  alertsRecentMax: 20,
  /** Alerts that a ledger remembers to have told, beside those of the log. */
  alertsToldMax: 10_000,
  /** Lines are looked at this often, beside after every event. */
  alertCheckMs: 1_000,
  /** Alerts are looked for this long after the first of many entries. */
  alertDelayMs: 50,
  /** Lines of a period that is over are looked at for this long: entries come late. */
  alertLateMsMax: 600_000,
  /** Posts that wait, and how often and how long one is tried; the pause doubles up to its maximum. */
  webhookQueueMax: 100,
  webhookTriesMax: 10,
  webhookMsMax: 10_000,
  webhookRetryMs: 500,
  webhookRetryMsMax: 60_000,
  /** What was spent and set aside is reported this often at most: with budgets, without, and when nothing changes. */
  spendingReportMs: 100,
  spendingReportIdleMs: 1_000,
  spendingSignMs: 5_000,
  /** Attempts under way that a report names. */
  spendingOpenMax: 2_000,
  /** An attempt that no report named is in the ledger's sums this long after its end. */
  budgetSettleMs: 5_000,
  /** Attempts that an ingress counts one by one. */
  budgetAttemptsMax: 10_000,
} as const;
