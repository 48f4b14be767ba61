import { type Catalog, type CatalogModel, modelNames } from '../config/catalog.ts';
import { LIMITS } from '../config/limits.ts';
import type { LiveModel, LiveModels } from '../config/live-models.ts';
import { createModelIndex, type ModelIndex } from '../config/model-index.ts';
import type { ModelMapping } from '../config/model-mapping.ts';
import { adapterOf, type ProviderId } from '../schemas/provider.ts';
import type { ListedModel } from './model-list.ts';

/** Where the list comes from. */
export interface ModelSources {
  readonly catalog: Catalog;
  /** Providers that may serve, in the order of the chain. */
  readonly providers: readonly ProviderId[];
  readonly mapping: ModelMapping;
  readonly live: LiveModels;
}

/** Puts the models in the list's own form; `id` is what a client asks for. */
interface Entry {
  readonly id: string;
  readonly displayName: string;
  readonly model: CatalogModel | null;
  readonly live: LiveModel | null;
  readonly names: readonly string[];
}

// Claude Code's picker keeps ids with `claude` or `anthropic` in them.
const PICKER_PREFIX = 'anthropic';

/**
 * Lists what the providers serve: Claude's models under their own names, then those of others as
 * `anthropic/<provider>/<model>`, which asks that provider. Pure.
 *
 * A provider's own list counts before the catalog; a server that names its own models has only that, and what the
 * operator's rules name.
 */
export function reachableModels(sources: ModelSources): readonly ListedModel[] {
  const index = createModelIndex(sources.catalog);
  const aliases = sources.providers.flatMap((provider) => aliasesOf(provider, sources, index));
  const unique = new Map([...claudeModels(sources), ...aliases].map((each) => [each.id, each]));
  const askable = [...unique.values()].filter(
    ({ id }) => id.length <= LIMITS.modelNameCharactersMax,
  );
  return askable.map(listedModel);
}

function claudeModels({ catalog, providers, live }: ModelSources): readonly Entry[] {
  const isServed = (model: CatalogModel): boolean =>
    providers.some((provider) => {
      const id = model.ids[adapterOf(provider)];
      const list = live.list(provider);
      return id !== undefined && (list.length === 0 || list.some((each) => each.id === id));
    });
  return catalog.models
    .filter((model) => model.line !== null && isServed(model))
    .map((model) => ({
      id: model.id,
      displayName: model.displayName,
      model,
      live: null,
      names: [...modelNames(model)],
    }));
}

function aliasesOf(
  provider: ProviderId,
  { catalog, mapping, live }: ModelSources,
  index: ModelIndex,
): readonly Entry[] {
  const entry = (id: string, model: CatalogModel | null, listed: LiveModel | null): Entry => ({
    id: `${PICKER_PREFIX}/${provider}/${id}`,
    displayName: `${listed?.displayName ?? model?.displayName ?? id} (${provider})`,
    model,
    live: listed,
    names: [`${provider}/${id}`, id, ...(model === null ? [] : modelNames(model))],
  });
  const family = adapterOf(provider);
  const list = live.list(provider);
  const namesItsOwn = family === 'openai-compatible' || family === 'github-models';
  const served =
    list.length > 0 || namesItsOwn
      ? list
          .map((each) => entry(each.id, index.find(each.id), each))
          // Claude's are listed already; a server of one's own may call anything by such a name.
          .filter(({ model }) => namesItsOwn || model === null || model.line === null)
      : catalog.models.flatMap((model) => {
          const id = model.ids[family];
          return id === undefined || model.line !== null ? [] : [entry(id, model, null)];
        });
  const wished = [...mapping.rules, ...Object.values(mapping.tiers)]
    .filter((target) => target.provider === provider)
    .map(({ model }) => entry(model, index.find(model), null))
    .filter(({ model }) => model === null || model.line === null);
  return [...wished, ...served];
}

function listedModel({ id, displayName, model, live, names }: Entry): ListedModel {
  return {
    id,
    displayName,
    names: new Set([id, ...names]),
    line: model?.line ?? null,
    createdAt: live?.createdAt ?? model?.createdAt ?? null,
    contextWindowTokens: live?.contextWindowTokens ?? model?.contextWindowTokens ?? null,
    maxOutputTokens: live?.maxOutputTokens ?? model?.maxOutputTokens ?? null,
    lifecycle: live === null ? (model?.lifecycle ?? 'active') : 'active',
    deprecatedAt: model?.deprecatedAt ?? null,
    retiresAt: model?.retiresAt ?? null,
  };
}
