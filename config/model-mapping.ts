import {
  adapterOf,
  namedProviderId,
  PROVIDER_IDS,
  PROVIDER_SHORT_NAMES,
  type ProviderId,
} from '../schemas/provider.ts';
import { type CatalogModel, type IdFamily, loadCatalog, type ModelTier } from './catalog.ts';
import {
  bareName,
  isAnthropicSpelling,
  isClaudeName,
  lineInName,
  openrouterSpelling,
  parseClaudeName,
  unmarkedName,
  vertexSpelling,
} from './claude-names.ts';
import { matchesGlob } from './glob.ts';
import { LIMITS } from './limits.ts';
import { createMemory } from './memory.ts';
import { createModelIndex } from './model-index.ts';

/** A model that the operator chose; `provider` null = wherever it is served. */
export interface ModelTarget {
  readonly provider: ProviderId | null;
  readonly model: string;
}

/** A model for every name that matches a pattern of `*` and `?`. */
export interface ModelRule extends ModelTarget {
  readonly match: string;
}

/** What the operator says about models. Plain data. */
export interface ModelMapping {
  /** The first that matches and is served wins. */
  readonly rules: readonly ModelRule[];
  /** Stands in for Claude's models of a tier, after the rules and before the catalog. */
  readonly tiers: Readonly<Partial<Record<ModelTier, ModelTarget>>>;
  /** Providers that a prefix may name; `openai-compatible-<name>` has the prefix `<name>/` too. */
  readonly providers: readonly ProviderId[];
}

/** A model as one provider calls it, and what the catalog knows of it; null = nothing. */
export interface ResolvedModel {
  readonly upstreamModel: string;
  readonly model: CatalogModel | null;
}

/** No wishes: the catalog decides. */
export const DEFAULT_MODEL_MAPPING: ModelMapping = {
  rules: [],
  tiers: {},
  providers: PROVIDER_IDS,
};

const index = createModelIndex(loadCatalog());
const HAS_CLAUDE: ReadonlySet<IdFamily> = new Set(['anthropic', 'vertex-claude', 'openrouter']);
/** Whoever runs such a server names its models: names go to it as they came, and it may have any. */
const NAMES_ITS_OWN: ReadonlySet<IdFamily> = new Set(['github-models', 'openai-compatible']);
const TIER_OF_LINE = { mythos: 'fable' } as const;

/**
 * Says what to ask a provider for when the client asked for `name`: the operator's rules first, then the catalog, then
 * rules of spelling; a name nobody knows stays as it is. Pure.
 */
export function resolveModel(
  name: string,
  provider: ProviderId,
  mapping: ModelMapping = DEFAULT_MODEL_MAPPING,
): ResolvedModel {
  return resolved(mapping, `${provider} ${name}`, () => resolve(name, provider, mapping));
}

const resolved = createMemory<ResolvedModel>(LIMITS.mappedNamesMax);

function resolve(name: string, provider: ProviderId, mapping: ModelMapping): ResolvedModel {
  const named = providerOfModel(name, mapping.providers);
  if (named !== null) {
    // Whoever spells out a server and its model wants just that.
    const isVerbatim = NAMES_ITS_OWN.has(adapterOf(provider));
    return spelled(named.model, provider, isVerbatim ? DEFAULT_MODEL_MAPPING : mapping);
  }
  const chosen = chosenTarget(name, mapping, provider);
  if (chosen !== null) return spelled(chosen.model, provider, DEFAULT_MODEL_MAPPING);
  return spelled(name, provider, mapping);
}

/**
 * Splits a name with a provider's prefix: `gemini/…`, `openrouter/…`, `<instance>/…`, also behind the `anthropic/` or
 * `claude-via-` that makes the model picker show it; null = the name names no provider.
 */
export function providerOfModel(
  name: string,
  providers: readonly ProviderId[] = PROVIDER_IDS,
): { readonly provider: ProviderId; readonly model: string } | null {
  const unmarked = unmarkedName(name);
  const inner = unmarked.startsWith('anthropic/') ? unmarked.slice('anthropic/'.length) : unmarked;
  const slash = inner.indexOf('/');
  if (slash <= 0 || slash === inner.length - 1) return null;
  const prefix = inner.slice(0, slash);
  const provider = providerNamed(prefix, providers);
  return provider === null ? null : { provider, model: inner.slice(slash + 1) };
}

/** The operator's wish for a name: the first rule or tier that fits, at `provider` or, without one, at any. */
export function chosenTarget(
  name: string,
  mapping: ModelMapping,
  provider?: ProviderId,
): ModelTarget | null {
  const bare = bareName(name);
  const rules = mapping.rules.filter(({ match }) => matchesGlob(match, bare));
  const tier = tierOfClaude(bare);
  const ofTier = tier === null ? undefined : mapping.tiers[tier];
  const targets: readonly ModelTarget[] = ofTier === undefined ? rules : [...rules, ofTier];
  const fits = (target: ModelTarget): boolean =>
    provider === undefined || isUsableAt(target, provider);
  return targets.find(fits) ?? null;
}

/**
 * Whether a provider may serve a name: `no` only where it surely does not. Claude's names become the provider's own, except
 * where whoever runs the server names its models.
 */
export function servesModel(name: string, provider: ProviderId): 'yes' | 'maybe' | 'no' {
  const family = adapterOf(provider);
  const model = index.find(name);
  if (model?.ids[family] !== undefined) return 'yes';
  // It gets the name as it is, which is hardly ever one of its own.
  if (NAMES_ITS_OWN.has(family)) return 'maybe';
  if (isClaudeName(bareName(name)) || (model !== null && model.line !== null)) return 'yes';
  if (family === 'openrouter') return 'maybe';
  if (family === 'vertex-gemini' && bareName(name).startsWith('gemini-')) return 'maybe';
  return model === null ? 'maybe' : 'no';
}

/** The most a request may ask of a model: its own limit where the catalog knows one. Tokens. */
export function clampMaxTokens(requested: number, model: CatalogModel | null): number {
  return Math.min(requested, model?.maxOutputTokens ?? requested);
}

/** Whether a provider may be asked for a model that the operator chose. */
export function isUsableAt(target: ModelTarget, provider: ProviderId): boolean {
  if (target.provider !== null) return target.provider === provider;
  const serves = servesModel(target.model, provider);
  if (serves !== 'maybe') return serves === 'yes';
  // Nobody knows the name: it is meant for a server that names its own, or for whoever has that of a maker in it.
  const family = adapterOf(provider);
  return NAMES_ITS_OWN.has(family) || family === 'vertex-gemini' || target.model.includes('/');
}

function spelled(name: string, provider: ProviderId, mapping: ModelMapping): ResolvedModel {
  const family = adapterOf(provider);
  const bare = bareName(name);
  const model = index.find(name);
  const isClaude = isClaudeName(bare) || (model !== null && model.line !== null);
  if (!isClaude) return { upstreamModel: spelledForeign(name, family, model), model };
  if (HAS_CLAUDE.has(family)) return { upstreamModel: spelledClaude(name, family, model), model };
  const asItCame = { upstreamModel: unmarkedName(name), model };
  const tier = tierOfClaude(bare);
  if (tier === null) return asItCame;
  const wish = mapping.tiers[tier];
  if (wish !== undefined && isUsableAt(wish, provider)) {
    return spelled(wish.model, provider, DEFAULT_MODEL_MAPPING);
  }
  const standIn = index.standIn(tier, family);
  const upstreamModel = NAMES_ITS_OWN.has(family) ? undefined : standIn?.ids[family];
  return upstreamModel === undefined ? asItCame : { upstreamModel, model: standIn };
}

function spelledForeign(name: string, family: IdFamily, model: CatalogModel | null): string {
  const unmarked = unmarkedName(name);
  const isAliased = unmarked.startsWith('anthropic/');
  const plain =
    isAliased && family !== 'openrouter' ? unmarked.slice('anthropic/'.length) : unmarked;
  if (NAMES_ITS_OWN.has(family)) return plain;
  return model?.ids[family] ?? plain;
}

function spelledClaude(name: string, family: IdFamily, model: CatalogModel | null): string {
  const bare = bareName(name);
  if (family === 'anthropic') {
    if (isClaudeName(bare) && isAnthropicSpelling(bare)) return bare;
    return model?.ids.anthropic ?? bare;
  }
  if (family === 'openrouter') {
    if (model?.ids.openrouter !== undefined) return model.ids.openrouter;
    return bare === unmarkedName(name) ? openrouterSpelling(bare) : unmarkedName(name);
  }
  const known = model?.ids['vertex-claude'];
  if (known === undefined) return vertexSpelling(bare);
  const asked = parseClaudeName(bare)?.date ?? null;
  const [base = known, date] = known.split('@');
  // A snapshot that the catalog has not heard of; since 4.6 Vertex has no dates.
  return date === undefined || asked === null || asked === date ? known : `${base}@${asked}`;
}

function tierOfClaude(bare: string): ModelTier | null {
  const known = index.find(bare);
  if (known !== null) return known.line === null ? null : known.tier;
  const line = isClaudeName(bare) ? lineInName(bare) : null;
  if (line === null) return null;
  return line === 'mythos' ? TIER_OF_LINE.mythos : line;
}

function providerNamed(prefix: string, providers: readonly ProviderId[]): ProviderId | null {
  const short = Object.hasOwn(PROVIDER_SHORT_NAMES, prefix) ? PROVIDER_SHORT_NAMES[prefix] : null;
  const names: readonly (string | null | undefined)[] = [prefix, short, namedProviderId(prefix)];
  return providers.find((id) => names.includes(id)) ?? null;
}
