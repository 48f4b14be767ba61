import { z } from 'zod';
import { amountSchema } from './cost.ts';
import { providerIdSchema } from './provider.ts';
import { REQUEST_CLASSES } from './request-class.ts';
import { usageSchema } from './usage.ts';

/** An attempt is about to be made: it may cost up to `picodollarsMax`. */
export const reservationSchema = z.looseObject({
  /** `<requestId>.<attempt>`: its usage event ends it. */
  attemptId: z.string(),
  requestId: z.string(),
  attempt: z.number().int().min(0),
  provider: providerIdSchema,
  account: z.string(),
  requestModel: z.string(),
  upstreamModel: z.string(),
  sessionId: z.string().nullable(),
  clientKeyId: z.string().nullable(),
  requestClass: z.enum(REQUEST_CLASSES),
  startedAtMs: z.number(),
  /** The attempt was still under way then, by its worker's clock: it lasts long. */
  renewedAtMs: z.number().optional(),
  inputTokensEstimate: z.number().int().min(0),
  /** What the attempt is expected to cost at most, for budgets. */
  picodollarsMax: amountSchema,
  /** What it costs when nobody ever says: the prompt alone. */
  picodollarsIfLost: amountSchema,
  /** What of `inputTokensEstimate` is then read from the provider's cache and written to it; missing = nothing. */
  cacheIfLost: usageSchema
    .pick({
      cacheReadInputTokens: true,
      cacheCreation5mInputTokens: true,
      cacheCreation1hInputTokens: true,
    })
    .optional(),
  priceVersion: z.string(),
});
/** See `reservationSchema`. */
export type Reservation = z.infer<typeof reservationSchema>;

/** Reservations that one process made within milliseconds: JSON on `gw.v1.ev.reserved`. */
export const reservedEventSchema = z.looseObject({
  v: z.literal(1),
  id: z.string(),
  reservations: z.array(reservationSchema).max(1_000),
});
/** See `reservedEventSchema`. */
export type ReservedEvent = z.infer<typeof reservedEventSchema>;

/** What a client saw of its request. */
export const requestOutcomeSchema = z.looseObject({
  requestId: z.string(),
  clientKeyId: z.string().nullable(),
  sessionId: z.string().nullable(),
  requestModel: z.string(),
  requestClass: z.enum(REQUEST_CLASSES),
  status: z.number().int(),
  /** The provider that answered, or the last that was asked; null = none. */
  provider: providerIdSchema.nullable(),
  attempts: z.number().int().min(0),
  /** Another provider than the first answered. */
  isFallback: z.boolean(),
  startedAtMs: z.number(),
  durationMs: z.number(),
});
/** See `requestOutcomeSchema`. */
export type RequestOutcome = z.infer<typeof requestOutcomeSchema>;

/** Outcomes that one ingress saw within milliseconds: JSON on `gw.v1.ev.request`. */
export const requestEventSchema = z.looseObject({
  v: z.literal(1),
  id: z.string(),
  outcomes: z.array(requestOutcomeSchema).max(1_000),
});
/** See `requestEventSchema`. */
export type RequestEvent = z.infer<typeof requestEventSchema>;

/** The dimensions by which money is summed; `providerModel` = `<provider>/<upstreamModel>`. */
export const LEDGER_DIMENSIONS = [
  'provider',
  'account',
  'providerModel',
  'session',
  'clientKey',
  'requestClass',
] as const;
/** One of LEDGER_DIMENSIONS. */
export type LedgerDimension = (typeof LEDGER_DIMENSIONS)[number];

/** The key of a dimension for attempts that have none (no session, no client key, class not told). */
export const KEY_OF_NONE = 'none';
/** The key of a dimension for all that came after its number of keys was reached. */
export const KEY_OF_OTHERS = 'other';

const sum = z.number().int().min(0);

/** Sums over final entries. Money in picodollars as a decimal string. */
export const tallySchema = z.strictObject({
  picodollars: amountSchema,
  /** The share of it that is estimated. */
  estimatedPicodollars: amountSchema,
  entries: sum,
  estimatedEntries: sum,
  /** Entries of attempts that failed or whose worker was lost. */
  failedEntries: sum,
  /** Entries that came without a cost and were priced when they were counted. */
  unpricedEntries: sum,
  usage: z.strictObject({
    inputTokens: sum,
    cacheReadInputTokens: sum,
    cacheCreation5mInputTokens: sum,
    cacheCreation1hInputTokens: sum,
    outputTokens: sum,
    reasoningOutputTokens: sum,
    webSearchRequests: sum,
  } satisfies Record<keyof typeof usageSchema.shape, typeof sum>),
});
/** See `tallySchema`. */
export type Tally = z.infer<typeof tallySchema>;

/** Kinds of periods, shortest first. All in UTC. */
export const PERIOD_KINDS = ['hour', 'day', 'month'] as const;
/** One of PERIOD_KINDS. */
export type PeriodKind = (typeof PERIOD_KINDS)[number];

/**
 * Sums of one closed hour, day or month, in all and by dimension: immutable, KV `gw-totals`, key `<kind>.<period>`. Bytes:
 * JSON, or the same compressed by zstd.
 */
export const periodTotalsSchema = z.strictObject({
  v: z.literal(1),
  /** `YYYY-MM-DDTHH`, `YYYY-MM-DD` or `YYYY-MM`, UTC, of when attempts ended. */
  period: z.string().regex(/^\d{4}-\d\d(?:-\d\d(?:T\d\d)?)?$/),
  /** The last event before it was closed, and the hash chain there (SHA-256, hex). */
  closedAt: z.strictObject({ sequence: sum, chain: z.string().regex(/^[0-9a-f]{64}$/) }),
  total: tallySchema,
  by: z.record(z.enum(LEDGER_DIMENSIONS), z.record(z.string(), tallySchema)),
});
/** See `periodTotalsSchema`. */
export type PeriodTotals = z.infer<typeof periodTotalsSchema>;

/** An event that no ledger can read: JSON on `gw.v1.ev.dead`, message id `dead.<sequence>`. */
export interface DeadEvent {
  readonly v: 1;
  readonly id: string;
  /** Of the event in stream EV, where it stays. */
  readonly sequence: number;
  readonly subject: string;
  readonly reason: string;
}
