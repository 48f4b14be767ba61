import {
  calcPrice,
  findProvider,
  type ModelInfo,
  type PriceCalculation,
} from '@pydantic/genai-prices';

/** The version of the package whose list ships: part of the price list's own version. */
export const LIST_VERSION = '@pydantic/genai-prices 0.1.8';

/** Where a model is asked for, and when. Neither id nor address = at whoever makes it. */
export interface ListPlace {
  readonly providerId?: string;
  readonly providerApiUrl?: string;
  /** Unix milliseconds. */
  readonly atMs: number;
}

/** One edition of the list of genai-prices. Immutable: another edition is another table. */
export interface ListTable {
  /** Differs when a price does. */
  readonly version: string;
  /** The price of the first model that fits; null = there is none. Throws for a time that is none. */
  find(model: string, place: ListPlace): PriceCalculation | null;
  /** The models of the provider that the list calls so. */
  modelsOf(providerId: string): readonly ModelInfo[];
}

/** The table that prices are looked up in; its owner may put another in its place. */
export interface ListInUse {
  readonly table: ListTable;
  /** When it was last known to be the newest edition, Unix milliseconds; null = it is the one that ships. */
  readonly checkedAtMs: number | null;
}

/** The edition that the package ships with. */
export const SHIPPED_TABLE: ListTable = {
  version: LIST_VERSION,
  find: (model, { atMs, ...place }) =>
    calcPrice({ input_tokens: 0 }, model, { ...place, timestamp: new Date(atMs) }),
  modelsOf(providerId) {
    // The package takes parts of ids for ids.
    const found = findProvider({ providerId });
    return found?.id === providerId ? found.models : [];
  },
};

/** The list where nothing refreshes it. */
export const SHIPPED_LIST: ListInUse = { table: SHIPPED_TABLE, checkedAtMs: null };
