import { type Catalog, type CatalogModel, MODEL_TIERS } from '../../config/catalog.ts';
import { createModelIndex } from '../../config/model-index.ts';
import type { PriceList } from '../../config/prices/price-list.ts';
import type { Picodollars } from '../../schemas/money.ts';
import { type BuiltInProviderId, PROVIDER_IDS, type ProviderId } from '../../schemas/provider.ts';
import type { RunningTally } from '../state/tally.ts';
import { type Place, placeOf, priceOfTokens, pricesAt, tokensIn } from './priced-tokens.ts';

/** What the tokens of one model at one provider would have cost at another. */
export interface ModelComparison {
  /** Where they were used. */
  readonly from: Place;
  readonly to: Place;
  /** What they cost. */
  readonly paid: Picodollars;
  /** What they would have cost. */
  readonly picodollars: Picodollars;
  /** Another model: Claude's of the same tier. */
  readonly isOtherModel: boolean;
  /** The price is only the nearest that is known. */
  readonly isGuess: boolean;
}

/** What everything that a provider serves would have cost there. */
export interface ProviderComparison {
  readonly provider: ProviderId;
  /** What these tokens cost where they were used: those of models that this provider does not serve are left out. */
  readonly paid: Picodollars;
  readonly picodollars: Picodollars;
  readonly models: readonly ModelComparison[];
}

/** What a comparison is made with. */
export interface ComparisonContext {
  readonly prices: PriceList;
  readonly catalog: Catalog;
  /** Providers that are compared even where nobody can sign up for them: those that are on. */
  readonly enabled: ReadonlySet<ProviderId>;
}

/** Providers where anybody can have an account. */
const PUBLIC: ReadonlySet<ProviderId> = new Set([
  'anthropic',
  'vertex-claude',
  'vertex-gemini',
  'openrouter',
]);

/**
 * Says what the same tokens would have cost elsewhere, at today's prices: at each provider that serves the model, and for
 * models of others at Anthropic by Claude's model of the same tier. `byModel` is keyed `<provider>/<upstreamModel>`.
 */
export function compareProviders(
  byModel: ReadonlyMap<string, Readonly<RunningTally>>,
  context: ComparisonContext,
): readonly ProviderComparison[] {
  const index = createModelIndex(context.catalog);
  const found = Array.from(byModel).flatMap(([key, tally]): readonly ModelComparison[] => {
    const from = placeOf(key);
    const model = from === null ? null : index.find(from.upstreamModel);
    if (from === null || model === null || tokensIn(tally) === 0) return [];
    return placesOf(model, context).map(({ isOtherModel, ...to }) => {
      const prices = pricesAt(to, tally, context.prices);
      const picodollars = priceOfTokens(tally, prices);
      const { isFallback: isGuess } = prices;
      return { from, to, paid: tally.picodollars, picodollars, isOtherModel, isGuess };
    });
  });
  const byProvider = Map.groupBy(found, ({ to }) => to.provider);
  return Array.from(byProvider, ([provider, models]) => ({
    provider,
    paid: models.reduce((sum, { paid }) => sum + paid, 0n),
    picodollars: models.reduce((sum, { picodollars }) => sum + picodollars, 0n),
    models,
  })).toSorted((a, b) => (a.provider < b.provider ? -1 : 1));
}

function placesOf(
  model: CatalogModel,
  { catalog, enabled }: ComparisonContext,
): readonly (Place & { readonly isOtherModel: boolean })[] {
  const isCompared = (id: BuiltInProviderId): boolean => PUBLIC.has(id) || enabled.has(id);
  const places = PROVIDER_IDS.filter(isCompared).flatMap((provider) => {
    const upstreamModel = model.ids[provider];
    return upstreamModel === undefined ? [] : [{ provider, upstreamModel, isOtherModel: false }];
  });
  const peer = model.line === null ? claudeOf(catalog, model) : null;
  const upstreamModel = peer?.ids.anthropic;
  if (upstreamModel === undefined) return places;
  return [...places, { provider: 'anthropic', upstreamModel, isOtherModel: true }];
}

/** The newest Claude of a tier: that of the model, or the one that is named. */
export function claudeOf(
  { models }: Catalog,
  { tier }: Pick<CatalogModel, 'tier'>,
): CatalogModel | null {
  const line = MODEL_TIERS.find((each) => each === tier);
  if (line === undefined) return null;
  return models.find((model) => model.line === line && model.lifecycle === 'active') ?? null;
}
