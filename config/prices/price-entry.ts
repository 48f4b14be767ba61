import { z } from 'zod';
import { isProviderId } from '../../schemas/provider.ts';
import rawOverlay from './overlay.json' with { type: 'json' };

/** Entries of one file: more are a mistake. */
const ENTRIES_MAX = 2_000;

const decimal = z
  .string()
  .regex(/^\d{1,6}(\.\d{1,12})?$/, 'must be a decimal number in quotes, like "0.25"');
const factor = z
  .string()
  .regex(/^\d{1,3}(\.\d{1,6})?$/, 'must be a factor in quotes, like "1.1"')
  .optional();
const pattern = z.string().regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 characters, no spaces');
const provider = z.string().refine(isProviderId, 'must be the id of a provider');
const cachePrices = {
  cacheRead: decimal.optional(),
  cacheWrite5m: decimal.optional(),
  cacheWrite1h: decimal.optional(),
};
const tierSchema = z.strictObject({
  aboveInputTokens: z.int().positive(),
  input: decimal,
  output: decimal,
  ...cachePrices,
});

const entrySchema = z
  .strictObject({
    provider: provider.optional(),
    providers: z.array(provider).min(1).optional(),
    hosts: z.array(pattern).min(1).optional(),
    match: z.union([pattern, z.array(pattern).min(1)]),
    input: decimal.optional(),
    output: decimal.optional(),
    ...cachePrices,
    perWebSearch: decimal.optional(),
    tiers: z.array(tierSchema).min(1).optional(),
    batch: factor,
    fast: factor,
    priority: factor,
    flex: factor,
    regional: factor,
    source: z.string().min(1),
    asOf: z.iso.date(),
    effectiveFrom: z.iso.date().optional(),
  })
  .superRefine((entry, context) => {
    const wrong = (field: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (entry.provider !== undefined && entry.providers !== undefined) {
      wrong('providers', 'stands beside provider: keep one');
    }
    if (entry.input === undefined && entry.output !== undefined) wrong('input', 'is missing');
    if (entry.output === undefined && entry.input !== undefined) wrong('output', 'is missing');
    if (entry.input === undefined) {
      for (const field of ['cacheRead', 'cacheWrite5m', 'cacheWrite1h', 'tiers'] as const) {
        if (entry[field] !== undefined) wrong(field, 'needs input and output');
      }
    }
    const starts = (entry.tiers ?? []).map(({ aboveInputTokens }) => aboveInputTokens);
    if (starts.some((start, index) => index > 0 && start <= (starts[index - 1] ?? 0))) {
      wrong('tiers', 'must rise');
    }
  });
const entriesSchema = z.array(entrySchema).max(ENTRIES_MAX);

/**
 * One entry of a price file. Prices are US dollars per million tokens, `perWebSearch` is US dollars for one.
 *
 * It holds for models of which a spelling matches `match` (`*` and `?` as in file names), at `provider` or `providers` (an
 * adapter's id means its named servers too; none = everywhere), and at `hosts` only where the provider's address is one
 * of them (`private` = a host of a private network), from `effectiveFrom` (UTC midnight) on. A file has the newest
 * first: what the first fitting entry says counts, for prices, `perWebSearch` and each factor apart. A `tiers` entry
 * prices the whole request when its prompt, cached tokens included, is longer.
 */
export type PriceEntry = Readonly<z.infer<typeof entrySchema>>;

/** Checks the entries of a price file; the result is zod's. */
export function safeParsePriceEntries(raw: unknown): ReturnType<typeof entriesSchema.safeParse> {
  return entriesSchema.safeParse(raw);
}

/** Checks and returns the entries that ship with the gateway. Throws ZodError when the file is wrong. */
export function loadOverlay(): readonly PriceEntry[] {
  return entriesSchema.parse(rawOverlay);
}
