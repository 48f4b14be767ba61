import {
  calcPrice,
  type MatchLogic,
  type Provider,
  REMOTE_DATA_JSON_URL,
} from '@pydantic/genai-prices';
import { z } from 'zod';
import { isMatchLogic } from './match-logic.ts';

/** Where the package says its list is published. */
export const PUBLISHED_LIST_URL: string = REMOTE_DATA_JSON_URL;

/** Why a list, or an answer that should be one, is not taken. The message holds no address. */
export class PriceListError extends Error {
  override readonly name = 'PriceListError';
}

/** US dollars, mostly per million tokens. The dearest model of today costs 600; less than the least is no whole picodollar. */
const USD_MAX = 100_000;
const USD_MIN = 0.000001;
const TEXT_CHARACTERS_MAX = 300;

const text = z.string().min(1).max(TEXT_CHARACTERS_MAX);
const amount = z
  .number()
  .refine(
    (usd) => usd === 0 || (usd >= USD_MIN && usd <= USD_MAX),
    `must be 0, or from ${USD_MIN} to ${USD_MAX}`,
  );
const price = z.union([
  amount,
  z.object({
    base: amount,
    tiers: z.array(z.object({ start: z.int().nonnegative(), price: amount })),
  }),
]);
// Only what we read: of a unit that it does not know the package would complain at each look.
const pricesSchema = z.object({
  input_mtok: price.optional(),
  cache_read_mtok: price.optional(),
  cache_write_mtok: price.optional(),
  cache_write_1h_mtok: price.optional(),
  output_mtok: price.optional(),
  web_searches_kcount: amount.optional(),
});
const constraint = z.union([
  z.strictObject({ type: z.literal('start_date').default('start_date'), start_date: z.iso.date() }),
  z.strictObject({
    type: z.literal('time_of_date').default('time_of_date'),
    start_time: text,
    end_time: text,
  }),
]);
const modelSchema = z.object({
  id: text,
  match: z.custom<MatchLogic>(isMatchLogic, 'is no rule for names, or one that could take long'),
  prices: z.union([
    z.array(z.object({ constraint: constraint.exactOptional(), prices: pricesSchema })).min(1),
    pricesSchema,
  ]),
});
const listSchema = z
  .array(
    z.object({
      id: text,
      fallback_model_providers: z.array(text).optional(),
      models: z.array(modelSchema),
    }),
  )
  .min(1)
  .refine((list) => new Set(list.map(({ id }) => id)).size === list.length, 'has a provider twice');

/** One model of a published list: what of it says a price. */
export type PublishedModel = z.infer<typeof modelSchema>;
/** A provider of a published list, in the list's own words. */
export type PublishedProvider = z.infer<typeof listSchema>[number];

/**
 * Checks a list as it is published or kept: its shape, that every price is a number that can be one, and that the package
 * can reckon with each row. Takes some 50 ms.
 *
 * @throws PriceListError
 */
export function checkPublishedList(json: unknown): readonly PublishedProvider[] {
  const parsed = listSchema.safeParse(json);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: 'is none' };
    throw new PriceListError(`the list, at ${path.join('.') || 'its top'}: ${message}`);
  }
  for (const provider of parsed.data) checkByPackage(provider);
  return parsed.data;
}

/** The same for one model. */
export function checkPublishedModel(json: unknown): PublishedModel {
  const parsed = modelSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new PriceListError('a model of the list in use is no model of a list');
}

/** Each set of prices of a model: it has one, or one per condition. */
export function priceSets({
  prices,
}: Pick<PublishedModel, 'prices'>): readonly z.infer<typeof pricesSchema>[] {
  return Array.isArray(prices) ? prices.map((each) => each.prices) : [prices];
}

// It throws for a row in which it misses something, and in use such a model would count as unknown.
function checkByPackage({ id, models }: PublishedProvider): void {
  const match = { equals: id };
  const timestamp = new Date(0);
  for (const model of models) {
    try {
      for (const prices of [model.prices, ...priceSets(model)]) {
        const provider = asProvider(id, [{ id: model.id, match, prices }]);
        calcPrice({ input_tokens: 0 }, id, { provider, timestamp });
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new PriceListError(`the list, at ${id}/${model.id}: ${why}`);
    }
  }
}

/** A provider as the package wants it. */
export function asProvider(id: string, models: PublishedModel[]): Provider {
  return { id, name: id, api_pattern: '', models };
}
