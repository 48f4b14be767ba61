/** Limits of the list of prices that is read anew each day: a part of `LIMITS`, by which everybody reads them. */
export const PRICE_LIMITS = {
  /** Ten times what the list has today: more is another file. */
  priceListBytesMax: 4_194_304,
  priceListReadMsMax: 30_000,
  /** The list is asked for again after this long, or after a failure; each process waits up to so much longer. */
  priceListFreshMs: 86_400_000,
  priceListRetryMs: 3_600_000,
  priceListSpreadMsMax: 60_000,
  /** So many times more or less than before is taken for a mistake, and so many mistakes for a list that is none. */
  priceListChangeMax: 100,
  priceListMistakesMax: 10,
  /** Of the models that a provider had in the list before. */
  priceListModelsPercentMin: 50,
} as const;
