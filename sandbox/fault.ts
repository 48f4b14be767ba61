import { z } from 'zod';
import { SANDBOX_LIMITS } from './sandbox-limits.ts';

const afterEvents = z.number().int().min(0).max(SANDBOX_LIMITS.outputTokensMax).default(4);

/** Whose words an error answer uses; absent = the provider's own. */
export const ERROR_SHAPES = [
  'anthropic',
  'google',
  'google-array',
  'openrouter',
  'openai',
  'azure',
  'bare-string',
  'detail',
  'plain-text',
  'html',
] as const;
/** One of ERROR_SHAPES. */
export type ErrorShape = (typeof ERROR_SHAPES)[number];

/** An HTTP error before anything else (F29-F33). */
const status = z.strictObject({
  kind: z.literal('status'),
  status: z.number().int().min(400).max(599),
  /** Seconds for `retry-after`; null = the header is left out. */
  retryAfterSeconds: z.number().int().min(0).max(86_400).nullable().default(null),
  message: z.string().max(SANDBOX_LIMITS.sourceTextCharactersMax).optional(),
  shape: z.enum(ERROR_SHAPES).optional(),
});
/** The socket is reset before a status line (F34); on a reused connection only: F35. */
const reset = z.strictObject({
  kind: z.literal('reset'),
  when: z.enum(['always', 'reused-connection']).default('always'),
});
/** Nothing more comes, and the socket stays open (F36, F37). */
const stall = z.strictObject({
  kind: z.literal('stall'),
  at: z.enum(['before-headers', 'after-headers', 'mid-stream']),
  afterEvents,
});
/** The socket is destroyed after some events, perhaps inside the next one (F38). */
const cut = z.strictObject({
  kind: z.literal('cut'),
  afterEvents,
  isMidEvent: z.boolean().default(false),
});
/** The stream ends well on the socket but lacks `message_stop`, or whatever says that the answer is whole (F38). */
const noMessageStop = z.strictObject({ kind: z.literal('no-message-stop') });
/**
 * An error inside the stream, which then ends (F40). `own` = as this wire tells it, `bare-google` = Google's body as
 * data without an event name.
 */
const errorEvent = z.strictObject({
  kind: z.literal('error-event'),
  at: z.enum(['first', 'after-text', 'after-tool-use']),
  errorType: z.string().max(100).default('overloaded_error'),
  message: z.string().max(SANDBOX_LIMITS.sourceTextCharactersMax).default('Overloaded'),
  shape: z.enum(['own', 'bare-google']).default('own'),
});
/** Something else than what was asked for, with status 200 (F39). */
const wrongBody = z.strictObject({
  kind: z.literal('wrong-body'),
  body: z.enum(['html', 'json-to-stream', 'sse-to-json', 'empty']),
});
/** One event whose data is cut JSON (F39). */
const invalidJson = z.strictObject({ kind: z.literal('invalid-json'), afterEvents });
/** The first event twice, or a second whole message spliced into an open block (F39). */
const doubleMessage = z.strictObject({
  kind: z.literal('double-message'),
  what: z.enum(['start', 'spliced']),
});
/** Usage that is not there or that lies (F41). */
const badUsage = z.strictObject({
  kind: z.literal('bad-usage'),
  what: z.enum(['missing', 'negative', 'fractional', 'text', 'enormous']),
});
/** One event of this many bytes (F43). */
const hugeEvent = z.strictObject({
  kind: z.literal('huge-event'),
  bytes: z.number().int().min(1).max(SANDBOX_LIMITS.hugeEventBytesMax).default(17_825_792),
});
/** Content that never ends (F43). */
const endless = z.strictObject({ kind: z.literal('endless') });
/** A redirect that must not be followed (F42). */
const redirect = z.strictObject({
  kind: z.literal('redirect'),
  status: z.union([z.literal(301), z.literal(302), z.literal(307), z.literal(308)]).default(302),
  location: z.string().max(SANDBOX_LIMITS.sourceTextCharactersMax).default('/_sandbox/redirected'),
});
/** An error that repeats the credential it was sent (F42). */
const echoCredential = z.strictObject({ kind: z.literal('echo-credential') });
/** An event and a delta of types nobody knows; legal, to be passed on (F39). */
const unknownEvent = z.strictObject({ kind: z.literal('unknown-event') });

/** The closed list of faults; the ids in the comments are those of the project's fault matrix. */
export const faultSchema = z.discriminatedUnion('kind', [
  status,
  reset,
  stall,
  cut,
  noMessageStop,
  errorEvent,
  wrongBody,
  invalidJson,
  doubleMessage,
  badUsage,
  hugeEvent,
  endless,
  redirect,
  echoCredential,
  unknownEvent,
]);
/** See `faultSchema`. */
export type Fault = z.infer<typeof faultSchema>;
/** One kind of fault. */
export type FaultOf<Kind extends Fault['kind']> = Extract<Fault, { kind: Kind }>;
