import {
  type Catalog,
  type CatalogModel,
  type IdFamily,
  MODEL_TIERS,
  type ModelTier,
  modelNames,
} from './catalog.ts';
import { bareName, parseClaudeName } from './claude-names.ts';

/** The catalog by name: built once, asked per request. */
export interface ModelIndex {
  /** The model of this name in any spelling, marked, prefixed or dated; null = unknown. */
  find(name: string): CatalogModel | null;
  /** What stands in for Claude's models of a tier at a provider of others; null = it has nothing that fits. */
  standIn(tier: ModelTier, family: IdFamily): CatalogModel | null;
}

/** Builds the index of a catalog. */
export function createModelIndex({ models }: Catalog): ModelIndex {
  const byName = new Map<string, CatalogModel>();
  const byVersion = new Map<string, CatalogModel>();
  for (const model of models) {
    for (const name of modelNames(model)) byName.set(name, model);
    const claude = model.line === null ? null : parseClaudeName(model.id);
    if (claude === null) continue;
    // The catalog has the newest first: a version without a date means that one.
    if (!byVersion.has(claude.version)) byVersion.set(claude.version, model);
    byName.set(`${claude.version}@${claude.date}`, model);
  }
  return {
    find(name) {
      const bare = bareName(name);
      const found = byName.get(name) ?? byName.get(bare);
      if (found !== undefined) return found;
      const claude = parseClaudeName(bare);
      if (claude === null) return null;
      const dated = byName.get(`${claude.version}@${claude.date}`);
      return dated ?? byVersion.get(claude.version) ?? null;
    },
    standIn: (tier, family) => standInOf(models, { tier, family }),
  };
}

// The weakest that is not weaker than what was asked for, else the strongest there is.
function standInOf(
  models: readonly CatalogModel[],
  wanted: { tier: ModelTier; family: IdFamily },
): CatalogModel | null {
  const { tier, family } = wanted;
  const fits = (each: ModelTier): CatalogModel | undefined =>
    models.find(
      (model) =>
        model.line === null &&
        model.tier === each &&
        model.lifecycle === 'active' &&
        model.ids[family] !== undefined,
    );
  const rank = MODEL_TIERS.indexOf(tier);
  const order = [...MODEL_TIERS.slice(rank), ...MODEL_TIERS.slice(0, rank).toReversed()];
  for (const each of order) {
    const found = fits(each);
    if (found !== undefined) return found;
  }
  return null;
}
