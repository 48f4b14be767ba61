import { z } from 'zod';

/** Money on wires: whole picodollars (10⁻¹² USD) as decimal digits, never negative. `BigInt` reads it. */
export const amountSchema = z
  .string()
  .regex(/^\d{1,30}$/, 'must be whole picodollars in decimal digits');

/**
 * Who said what a cost is. `provider` = the upstream's own bill, `reservation` = nobody ever did: what was set aside when
 * the attempt started.
 */
export const COST_SOURCES = [
  'provider',
  'user',
  'overlay',
  'genai-prices',
  'fallback',
  'reservation',
] as const;

/** What an attempt cost. Made when the attempt ends and never again: a later price list alters no entry. */
export const costSchema = z.looseObject({
  picodollars: amountSchema,
  /** Digest of the price list that was used. */
  priceVersion: z.string(),
  source: z.enum(COST_SOURCES),
});
/** See `costSchema`. */
export type Cost = z.infer<typeof costSchema>;
