import type { PriceList } from '../../config/prices/price-list.ts';
import type { Picodollars } from '../../schemas/money.ts';
import type { RunningTally } from '../state/tally.ts';
import { type Place, placeOf, pricesAt } from './priced-tokens.ts';

/** What prompt caching was worth, at today's prices. */
export interface CacheSavings {
  /** What tokens that were read from a cache would have cost more as plain input. */
  readonly readsSaved: Picodollars;
  /** What tokens that were written to a cache cost more than plain input. */
  readonly writesCost: Picodollars;
  /** `readsSaved` − `writesCost`; negative = caching cost more than it saved. */
  readonly saved: Picodollars;
}

/** The savings of one model at one provider. */
export interface ModelCacheSavings extends CacheSavings {
  readonly place: Place;
}

/** Says what caching saved by model. `byModel` is keyed `<provider>/<upstreamModel>`. */
export function cacheSavingsByModel(
  byModel: ReadonlyMap<string, Readonly<RunningTally>>,
  prices: PriceList,
): readonly ModelCacheSavings[] {
  return Array.from(byModel).flatMap(([key, tally]) => {
    const place = placeOf(key);
    if (place === null) return [];
    const { input, cacheRead, cacheWrite5m, cacheWrite1h } = pricesAt(place, tally, prices);
    const readsSaved = BigInt(tally.cacheReadInputTokens) * (input - cacheRead);
    const writesCost =
      BigInt(tally.cacheCreation5mInputTokens) * (cacheWrite5m - input) +
      BigInt(tally.cacheCreation1hInputTokens) * (cacheWrite1h - input);
    return [{ place, readsSaved, writesCost, saved: readsSaved - writesCost }];
  });
}

/** Adds savings up. */
export function sumOfSavings(savings: readonly CacheSavings[]): CacheSavings {
  const readsSaved = savings.reduce((sum, each) => sum + each.readsSaved, 0n);
  const writesCost = savings.reduce((sum, each) => sum + each.writesCost, 0n);
  return { readsSaved, writesCost, saved: readsSaved - writesCost };
}
