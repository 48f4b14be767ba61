import { z } from 'zod';
import { faultSchema } from './fault.ts';
import { quirksSchema } from './quirks.ts';
import { SANDBOX_LIMITS } from './sandbox-limits.ts';

const delayMs = z.number().min(0).max(SANDBOX_LIMITS.delayMsMax);

/** Content that a script may answer with; thinking without a signature gets one. */
export const scriptedBlockSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: z.string() }),
  z.strictObject({
    type: z.literal('thinking'),
    thinking: z.string(),
    signature: z.string().optional(),
  }),
  z.strictObject({ type: z.literal('redacted_thinking'), data: z.string() }),
  z.strictObject({
    type: z.literal('tool_use'),
    name: z.string(),
    input: z.record(z.string(), z.json()),
    id: z.string().optional(),
  }),
]);
/** See `scriptedBlockSchema`. */
export type ScriptedBlock = z.infer<typeof scriptedBlockSchema>;

/** How SSE is put on the socket: all of it legal, some of it rude (F39). */
const framingSchema = z.strictObject({
  /** null = as the provider does it. */
  lineEnding: z.enum(['lf', 'crlf', 'cr']).nullable().default(null),
  hasByteOrderMark: z.boolean().default(false),
  /** A comment line before every event. */
  hasComments: z.boolean().default(false),
  /** `id:` and `retry:` lines in every event. */
  hasExtraFields: z.boolean().default(false),
  /** The data in two `data:` lines, cut at a place where JSON allows white space. */
  hasSplitData: z.boolean().default(false),
  /** Spaces inside the JSON, before its last brace; null = as the provider does it. */
  isPadded: z.boolean().nullable().default(null),
  /** Pings before every event. */
  pingsPerEvent: z.number().int().min(0).max(1_000).default(0),
  /** Bytes per write; null = whole events. */
  sliceBytes: z.number().int().min(1).max(65_536).nullable().default(null),
});
/** See `framingSchema`. */
export type Framing = z.infer<typeof framingSchema>;

const perMinute = z.number().int().min(1).max(1e12);

/** Rate limits of one provider's account, each a bucket that refills evenly over a minute. */
const limitsSchema = z.strictObject({
  requestsPerMinute: perMinute.default(10_000_000),
  inputTokensPerMinute: perMinute.default(100_000_000_000),
  outputTokensPerMinute: perMinute.default(100_000_000_000),
});
/** See `limitsSchema`. */
export type RateLimits = z.infer<typeof limitsSchema>;

const STOP_REASONS = [
  'end_turn',
  'max_tokens',
  'stop_sequence',
  'tool_use',
  'pause_turn',
  'refusal',
  'model_context_window_exceeded',
] as const;
/** Anthropic's stop reasons. */
export type StopReason = (typeof STOP_REASONS)[number];

/** How the sandbox answers: every field may be left out. */
export const behaviourSchema = z.strictObject({
  /** Which calls take this behaviour from the queue; a standing behaviour serves every call. */
  operation: z.enum(['messages', 'count_tokens', 'models', 'any']).default('messages'),
  /** Milliseconds from the whole request to the status line. */
  firstByteMs: delayMs.default(0),
  /** Milliseconds from `message_start` to the first content. */
  firstContentMs: delayMs.default(0),
  /** Output pace; null = as fast as possible, `chunksPerTick` at a time. */
  tokensPerSecond: z.number().positive().max(1_000_000).nullable().default(null),
  chunksPerTick: z.number().int().min(1).max(100_000).default(10),
  /** What to say; null = the sandbox decides by the prompt. */
  answer: z
    .union([z.string(), z.array(scriptedBlockSchema).max(SANDBOX_LIMITS.scriptedBlocksMax)])
    .nullable()
    .default(null),
  /** Without an answer: text of exactly this many chunks, one token each. */
  outputTokens: z
    .number()
    .int()
    .min(1)
    .max(SANDBOX_LIMITS.outputTokensMax)
    .nullable()
    .default(null),
  stopReason: z.enum(STOP_REASONS).nullable().default(null),
  /** Fields of usage to overwrite, whatever their type. */
  usage: z.record(z.string(), z.json()).default({}),
  /** Prefixes shorter than this are not cached; null = no prompt cache. */
  cacheMinimumTokens: z.number().int().min(0).nullable().default(1_024),
  limits: limitsSchema.default(limitsSchema.parse({})),
  framing: framingSchema.default(framingSchema.parse({})),
  fault: faultSchema.nullable().default(null),
  /** Legal oddities of real servers; a wire that has no such thing ignores them. */
  quirks: quirksSchema.default([]),
});
/** A behaviour with every field filled in. */
export type Behaviour = z.infer<typeof behaviourSchema>;
/** A behaviour as it is written: what is left out has its default. */
export type BehaviourInput = z.input<typeof behaviourSchema>;

/** A well-behaved provider that says what the sandbox thinks of the prompt. */
export const DEFAULT_BEHAVIOUR: Behaviour = behaviourSchema.parse({});
