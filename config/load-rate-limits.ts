import { z } from 'zod';
import type { WindowKind } from '../schemas/observation.ts';
import type { ProviderId } from '../schemas/provider.ts';
import type { ProviderTable } from './config.ts';
import { LIMITS } from './limits.ts';
import { entryPlace, readListFile } from './list-file.ts';
import { providerNamed } from './provider-named.ts';
import type { Reader } from './reader.ts';

const FILE_VARIABLE = 'RATE_LIMITS_FILE';
const ENTRIES_MAX = 256;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const THRESHOLD_DEFAULT = 0.8;

/** One window that the operator knows of. */
export interface ConfiguredWindow {
  readonly kind: WindowKind;
  readonly periodMs: number;
  /** Requests or tokens per period. */
  readonly limit: number;
}

/** Limits of a provider's accounts; all entries that match apply, and the lowest limit counts. */
export interface RateLimit {
  readonly provider: ProviderId;
  /** Null = each of the provider's accounts, for itself. */
  readonly account: string | null;
  /** A pattern (config/glob.ts): each model that matches has these windows for itself. Null = all models share them. */
  readonly model: string | null;
  readonly windows: readonly ConfiguredWindow[];
}

/** What the operator says about rate limits. */
export interface RateLimitSettings {
  readonly rateLimits: readonly RateLimit[];
  /** The share of a window beyond which other providers are preferred, 0 to 1. */
  readonly rateLimitThreshold: number;
}

const WINDOWS = {
  requestsPerMinute: { kind: 'requests', periodMs: MINUTE_MS },
  inputTokensPerMinute: { kind: 'input_tokens', periodMs: MINUTE_MS },
  outputTokensPerMinute: { kind: 'output_tokens', periodMs: MINUTE_MS },
  tokensPerMinute: { kind: 'tokens', periodMs: MINUTE_MS },
  requestsPerDay: { kind: 'requests', periodMs: DAY_MS },
  tokensPerDay: { kind: 'tokens', periodMs: DAY_MS },
} as const satisfies Record<string, Omit<ConfiguredWindow, 'limit'>>;
const WINDOW_FIELDS = Object.keys(WINDOWS) as (keyof typeof WINDOWS)[]; // the keys of the constant above

const limit = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional();
const name = z.string().min(1).max(LIMITS.modelNameCharactersMax);
const entrySchema = z
  .strictObject({
    provider: name,
    account: name.optional(),
    model: name.optional(),
    requestsPerMinute: limit,
    inputTokensPerMinute: limit,
    outputTokensPerMinute: limit,
    tokensPerMinute: limit,
    requestsPerDay: limit,
    tokensPerDay: limit,
  })
  .refine((entry) => WINDOW_FIELDS.some((field) => entry[field] !== undefined), {
    error: `must have at least one of ${WINDOW_FIELDS.join(', ')}`,
  });
const fileSchema = z.array(entrySchema).max(ENTRIES_MAX);

/**
 * Reads RATE_LIMITS_FILE (a JSON array of limits per provider, account and model) and RATE_LIMIT_THRESHOLD. Problems go
 * to the reader, one line each.
 */
export function loadRateLimits(reader: Reader, table: ProviderTable): RateLimitSettings {
  return {
    rateLimits: loadFile(reader, table),
    rateLimitThreshold: reader.decimal('RATE_LIMIT_THRESHOLD', 1) ?? THRESHOLD_DEFAULT,
  };
}

function loadFile(reader: Reader, table: ProviderTable): readonly RateLimit[] {
  const entries = readListFile(reader, FILE_VARIABLE, fileSchema);
  const providers = Object.values(table).map(({ id }) => id);
  return entries.flatMap((entry, index) => {
    const provider = providerNamed(entry.provider, providers);
    if (provider !== undefined) {
      const { account = null, model = null } = entry;
      return [{ provider, account, model, windows: windowsOf(entry) }];
    }
    reader.problems.push(
      `${FILE_VARIABLE}: ${entryPlace([index, 'provider'])} in ${reader.text(FILE_VARIABLE)}: "${entry.provider}" is no provider; known are ${providers.join(', ')}`,
    );
    return [];
  });
}

function windowsOf(entry: z.infer<typeof entrySchema>): readonly ConfiguredWindow[] {
  return WINDOW_FIELDS.flatMap((field) => {
    const value = entry[field];
    return value === undefined ? [] : [{ ...WINDOWS[field], limit: value }];
  });
}
