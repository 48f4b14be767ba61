/** Editions of the published list, made from the one that ships. */
import type { ModelInfo, ModelPrice } from '@pydantic/genai-prices';
import { SHIPPED_TABLE } from '../../../../config/prices/list-table.ts';

/** A list as JSON, in the words of the package. */
export interface Edition {
  id: string;
  fallback_model_providers?: string[];
  models: { id: string; match: unknown; prices: unknown }[];
}

/** Providers of the list that every edition has. */
export const IDS = ['anthropic', 'google', 'openrouter', 'azure', 'openai', 'deepseek'] as const;

/** The edition that ships, as it would come from a server. */
export function shippedEdition(): Edition[] {
  const list = IDS.map((id) => ({
    id,
    ...(id === 'azure' ? { fallback_model_providers: ['openai', 'anthropic'] } : {}),
    // What a newer list may have and we do not read.
    extractors: [{ root: 'usage' }],
    models: SHIPPED_TABLE.modelsOf(id).map((model) => ({ ...model, context_window: 1 })),
  }));
  return JSON.parse(JSON.stringify(list)) as Edition[]; // a copy to change
}

/** An edition in which some of Anthropic's models have other prices: what is not named stays. */
export function editionWith(prices: Readonly<Record<string, ModelPrice>>): Edition[] {
  const edition = shippedEdition();
  for (const [id, changed] of Object.entries(prices)) {
    const model = modelOf(edition, 'anthropic', id);
    model.prices = { ...(model.prices as ModelPrice), ...changed };
  }
  return edition;
}

/** One model of an edition. */
export function modelOf(edition: readonly Edition[], provider: string, id: string): ModelInfo {
  const found = edition
    .find((each) => each.id === provider)
    ?.models.find((model) => model.id === id);
  if (found === undefined) throw new Error(`${provider}/${id} is in no list`);
  return found as ModelInfo;
}
