import type { ModelInfo, ModelPrice } from '@pydantic/genai-prices';
import { LIMITS } from '../../limits.ts';
import { LIST_NAMES } from '../list-prices.ts';
import type { ListTable } from '../list-table.ts';
import {
  checkPublishedModel,
  PriceListError,
  type PublishedModel,
  type PublishedProvider,
} from './published-list.ts';

/** A list that may be used. */
export interface VettedList {
  readonly providers: readonly PublishedProvider[];
  /** `<provider>/<model>` of the rows that are taken for mistakes: they stay as they were, new ones are left out. */
  readonly mistakes: readonly string[];
}

const NEEDED: readonly string[] = ['input_mtok', 'output_mtok'];

/** Lowest and highest price of a model for one unit, whatever the time and the length of the prompt. */
interface Range {
  readonly least: number;
  readonly most: number;
}

/**
 * Holds a new list against the one in use. Pure.
 *
 * A price that rose or fell more than `priceListChangeMax`-fold is taken for a mistake, and so is one that went away or is
 * nothing: no model is free because of a slip.
 *
 * @throws PriceListError when there are more than `priceListMistakesMax` of them, or when a provider that is asked about by
 * name has lost most of its models.
 */
export function vetList(list: readonly PublishedProvider[], inUse: ListTable): VettedList {
  for (const id of Object.values(LIST_NAMES)) checkCount(id, list, inUse);
  const mistakes: string[] = [];
  const providers = list.map((provider) => {
    const before = new Map(inUse.modelsOf(provider.id).map((model) => [model.id, model]));
    const models = provider.models.flatMap((model): PublishedModel[] => {
      const known = before.get(model.id) ?? null;
      if (!isMistake(model, known)) return [model];
      mistakes.push(`${provider.id}/${model.id}`);
      return known === null ? [] : [checkPublishedModel(known)];
    });
    return { ...provider, models };
  });
  if (mistakes.length <= LIMITS.priceListMistakesMax) return { providers, mistakes };
  throw new PriceListError(
    `${mistakes.length} prices of the list moved more than ${LIMITS.priceListChangeMax}-fold or are nothing, like ${mistakes[0]}`,
  );
}

function checkCount(id: string, list: readonly PublishedProvider[], inUse: ListTable): void {
  const before = inUse.modelsOf(id).length;
  const now = list.find((provider) => provider.id === id)?.models.length ?? 0;
  if (now * 100 >= before * LIMITS.priceListModelsPercentMin) return;
  throw new PriceListError(`the list has ${now} models of ${id}, before it had ${before}`);
}

function isMistake(model: ModelInfo, known: ModelInfo | null): boolean {
  const now = rangesOf(model);
  const before = known === null ? new Map<string, Range>() : rangesOf(known);
  for (const unit of NEEDED) {
    const was = before.get(unit);
    const range = now.get(unit);
    if (range?.least === 0 && was?.least !== 0) return true;
    if (range === undefined && was !== undefined) return true;
  }
  return Array.from(now).some(([unit, { least, most }]) => {
    const was = before.get(unit);
    if (was === undefined || was.most === 0) return false;
    const times = LIMITS.priceListChangeMax;
    return most > was.most * times || least * times < was.least;
  });
}

function rangesOf({ prices }: ModelInfo): ReadonlyMap<string, Range> {
  const sets: readonly ModelPrice[] = Array.isArray(prices)
    ? prices.map((each) => each.prices)
    : [prices];
  const units = new Set(sets.flatMap((set) => Object.keys(set)));
  return new Map(
    Array.from(units, (unit) => {
      const all = sets.flatMap((set) => amountsOf(set[unit], unit));
      return [unit, { least: Math.min(...all), most: Math.max(...all) }];
    }),
  );
}

function amountsOf(price: ModelPrice[string], unit: string): readonly number[] {
  // A cache's price can be left out: it follows from the input's. The input's own would be nothing.
  if (price === undefined) return NEEDED.includes(unit) ? [0] : [];
  return typeof price === 'number'
    ? [price]
    : [price.base, ...price.tiers.map((tier) => tier.price)];
}
