import { z } from 'zod';
import { amountSchema } from './cost.ts';
import { PERIOD_KINDS } from './ledger.ts';

/** Whose spending an alert is about: everybody's, or that of one provider, client key or session. */
export const ALERT_SCOPES = ['global', 'provider', 'key', 'session'] as const;
/** One of ALERT_SCOPES. */
export type AlertScope = (typeof ALERT_SCOPES)[number];

/**
 * Why there is an alert: a step of a threshold was reached; today will cost more than its threshold at the pace of the last
 * hours; this hour costs much more than the same hour of the last days.
 */
export const ALERT_KINDS = ['threshold', 'forecast', 'rise'] as const;
/** One of ALERT_KINDS. */
export type AlertKind = (typeof ALERT_KINDS)[number];

/**
 * Spending that crossed a line: JSON on `gw.v1.alert.<scope>.<period>` (core NATS), in stream EV on `gw.v1.ev.alert` under
 * its `id` as message id, and as the body of the webhook. Each id is told once; after a crash it may be told again.
 */
export const alertSchema = z.looseObject({
  v: z.literal(1),
  /** The same for the same line in the same period: for telling whether an alert is known. */
  id: z.string(),
  kind: z.enum(ALERT_KINDS),
  scope: z.enum(ALERT_SCOPES),
  /** The provider, the client key's id (first 16 hex digits of its SHA-256) or the session; null = everybody. */
  name: z.string().nullable(),
  period: z.enum(PERIOD_KINDS),
  /** When the period began, ISO 8601, UTC. */
  periodStart: z.string(),
  /** Per cent of the threshold; null = not a step of one. */
  step: z.number().nullable(),
  thresholdUsd: z.number(),
  spentUsd: z.number(),
  /** The same exactly. */
  spentPicodollars: amountSchema,
  /** Unix milliseconds. */
  atMs: z.number(),
  /** What the day will cost; only of kind `forecast`. */
  forecastUsd: z.number().optional(),
  /** All of it in one sentence for people. */
  message: z.string(),
});
/** See `alertSchema`. */
export type Alert = Readonly<z.infer<typeof alertSchema>>;

/** The last alerts, newest first: KV `gw-totals`, key `alerts`, JSON. */
export const recentAlertsSchema = z.looseObject({ v: z.literal(1), alerts: z.array(alertSchema) });
/** See `recentAlertsSchema`. */
export type RecentAlerts = z.infer<typeof recentAlertsSchema>;
