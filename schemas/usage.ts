import { z } from 'zod';
import { costSchema } from './cost.ts';
import { providerIdSchema } from './provider.ts';
import { REQUEST_CLASSES } from './request-class.ts';

const tokens = z
  .number()
  .int()
  .min(0)
  .max(2 ** 40);

/**
 * Tokens of one attempt in disjoint parts, because a price applies per part.
 *
 * `inputTokens` is uncached input only; `reasoningOutputTokens` is the share of `outputTokens` that was thinking.
 */
export const usageSchema = z.object({
  inputTokens: tokens,
  cacheReadInputTokens: tokens,
  cacheCreation5mInputTokens: tokens,
  cacheCreation1hInputTokens: tokens,
  outputTokens: tokens,
  reasoningOutputTokens: tokens,
  webSearchRequests: tokens,
});
/** See `usageSchema`. */
export type Usage = z.infer<typeof usageSchema>;

/** How an attempt ended. `lost` = its worker vanished; the ingress wrote the event in its stead. */
export const ATTEMPT_OUTCOMES = ['completed', 'failed', 'cancelled', 'lost'] as const;
/** One of ATTEMPT_OUTCOMES. */
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/**
 * The event that ends every attempt: JSON on `gw.v1.ev.usage.<provider>`, message id `<requestId>.<attempt>.usage`.
 *
 * Times are Unix milliseconds, durations milliseconds.
 */
export const usageEventSchema = z.looseObject({
  v: z.literal(1),
  id: z.string(),
  requestId: z.string(),
  attempt: z.number().int().min(0),
  provider: providerIdSchema,
  /** The credential that paid, by name; never the credential. */
  account: z.string(),
  requestModel: z.string(),
  /** The model that the provider was asked for. */
  upstreamModel: z.string(),
  /** The model that the provider says answered; null when it never said. */
  responseModel: z.string().nullable(),
  sessionId: z.string().nullable(),
  /** First 16 hex digits of the client key's SHA-256; null without client keys. */
  clientKeyId: z.string().nullable(),
  startedAtMs: z.number(),
  /** Milliseconds from start to the first content byte; null when there was none. */
  firstByteMs: z.number().nullable(),
  durationMs: z.number(),
  outcome: z.enum(ATTEMPT_OUTCOMES),
  /** The upstream's HTTP status; null when it never answered. */
  status: z.number().int().nullable(),
  errorType: z.string().nullable(),
  stopReason: z.string().nullable(),
  /** True when any count is our estimate and not the provider's word. */
  estimated: z.boolean(),
  usage: usageSchema,
  /** The provider's own usage object, as it came (merged over the stream); null when there was none. */
  raw: z.record(z.string(), z.unknown()).nullable(),
  /** What it cost; null in events of before costs were written down. */
  cost: costSchema.nullable().default(null),
  requestClass: z.enum(REQUEST_CLASSES).nullable().default(null),
  /** The id of the message that the client got; null when it got none. */
  messageId: z.string().nullable().default(null),
  /** The subagent within the session; null = the main conversation. */
  agentId: z.string().nullable().default(null),
});
/** See `usageEventSchema`; as it is written, where what has a default may be left out. */
export type UsageEvent = z.input<typeof usageEventSchema>;

/** No tokens at all. */
export const NO_USAGE: Usage = Object.freeze({
  inputTokens: 0,
  cacheReadInputTokens: 0,
  cacheCreation5mInputTokens: 0,
  cacheCreation1hInputTokens: 0,
  outputTokens: 0,
  reasoningOutputTokens: 0,
  webSearchRequests: 0,
});

/** The message id that makes a usage event count once, whoever publishes it. */
export function usageEventId(requestId: string, attempt: number): string {
  return `${requestId}.${attempt}.usage`;
}
