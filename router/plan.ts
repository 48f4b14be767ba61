import { BODY_BYTES_MAX } from '../config/body-limits.ts';
import { bareName, isClaudeName } from '../config/claude-names.ts';
import { LIMITS } from '../config/limits.ts';
import { createMemory } from '../config/memory.ts';
import {
  chosenTarget,
  isUsableAt,
  type ModelMapping,
  type ResolvedModel,
  resolveModel,
  servesModel,
} from '../config/model-mapping.ts';
import { adapterOf, type BuiltInProviderId, type ProviderId } from '../schemas/provider.ts';
import { type Target, targetKey } from '../schemas/target.ts';
import type { AppliedRule } from './class-rules.ts';
import { hashOf } from './hash.ts';
import type { RouterPolicy } from './policy.ts';

/** A target with all that follows from names: what it is asked for, and what that model can do. */
export interface PlannedTarget extends Target {
  /** The name to resolve at the provider; null = the client's own. */
  readonly model: string | null;
  /** Place in the configured chain, from 0. Accounts of a provider share it. */
  readonly chainIndex: number;
  readonly serves: 'yes' | 'maybe' | 'no';
  /** Tokens; infinite where nobody knows. */
  readonly contextWindowTokens: number;
  /** Of the client's body, which travels with the model's name in the provider's spelling; infinite where nobody knows. */
  readonly bodyBytesMax: number;
  readonly seesImages: boolean;
  readonly hasTools: boolean;
  readonly canSearch: boolean;
  readonly isSameModel: boolean;
  /** A rule of the operator prefers it. */
  readonly isPreferred: boolean;
  /** Stays the same: for spreading. */
  readonly hash: number;
  /** The account with the client's own model, should the rule's not fit; null = it is that already. */
  readonly otherwise: PlannedTarget | null;
}

const SEARCHES: ReadonlySet<BuiltInProviderId> = new Set([
  'anthropic',
  'vertex-claude',
  'openrouter',
  'vertex-gemini',
]);

/** What a plan depends on beside the configuration. */
export interface PlanQuery {
  readonly requestModel: string;
  /** The rule for the request's kind; null = none. */
  readonly rule: AppliedRule | null;
}

const plans = createMemory<readonly PlannedTarget[]>(LIMITS.mappedNamesMax);
const ruledPlans = createMemory<readonly PlannedTarget[]>(LIMITS.mappedNamesMax);

/** Every account of the chain as a target, in the chain's order. Remembered per policy and names. */
export function planFor(query: PlanQuery, policy: RouterPolicy): readonly PlannedTarget[] {
  const { requestModel, rule } = query;
  if (rule === null) return plans(policy, requestModel, () => plan(query, policy));
  return ruledPlans(policy, `${rule.name} ${requestModel}`, () => plan(query, policy));
}

function plan(query: PlanQuery, policy: RouterPolicy): readonly PlannedTarget[] {
  const { mapping } = policy;
  const wished = chosenTarget(query.requestModel, mapping)?.provider ?? null;
  // Who says "default" has not said anything about this model.
  const yields = query.rule?.name === 'default' && wished !== null;
  const rule = yields ? null : query.rule;
  const isRuled = (provider: ProviderId): boolean => rule !== null && obeys(provider, rule);
  const hasRuled = policy.chain.some(isRuled);
  const isPreferred = (provider: ProviderId): boolean =>
    hasRuled ? isRuled(provider) : provider === wished;
  return policy.chain.flatMap((provider, chainIndex) =>
    (policy.accounts.get(provider) ?? []).map((account) => {
      const place = { provider, account, chainIndex };
      const own = planned(place, { query, mapping, model: null, isPreferred: false });
      if (!isPreferred(provider)) return own;
      const model = hasRuled ? (rule?.model ?? null) : null;
      const preferred = planned(place, { query, mapping, model, isPreferred: true });
      return model === null ? preferred : { ...preferred, otherwise: own };
    }),
  );
}

function obeys(provider: ProviderId, { provider: wanted, model }: AppliedRule): boolean {
  if (wanted !== null) return provider === wanted;
  return model !== null && isUsableAt({ provider: null, model }, provider);
}

function planned(
  place: Pick<PlannedTarget, 'provider' | 'account' | 'chainIndex'>,
  how: { query: PlanQuery; mapping: ModelMapping; model: string | null; isPreferred: boolean },
): PlannedTarget {
  const { query, mapping } = how;
  const { provider } = place;
  const model = how.model === null ? null : travellingName(how.model, provider, mapping);
  const name = model ?? query.requestModel;
  const resolved = resolveModel(name, provider, mapping);
  const { upstreamModel, model: known } = resolved;
  // The client's mark for a window that the provider widens on request.
  const isWidened = query.requestModel.endsWith('[1m]') && model === null;
  const window = isWidened ? undefined : known?.contextWindowTokens;
  return {
    ...place,
    upstreamModel,
    model,
    serves: model === null ? serves(query.requestModel, provider, mapping) : 'yes',
    contextWindowTokens: window ?? Number.POSITIVE_INFINITY,
    bodyBytesMax: bodyBytesMax(provider, upstreamModel.length - query.requestModel.length),
    seesImages: known?.capabilities.images !== false,
    hasTools: known?.capabilities.tools !== false,
    canSearch: SEARCHES.has(adapterOf(provider)),
    isSameModel: isSame(name, provider, resolved),
    isPreferred: how.isPreferred,
    hash: hashOf(targetKey({ ...place, upstreamModel })),
    otherwise: null,
  };
}

function bodyBytesMax(provider: ProviderId, addedBytes: number): number {
  return (BODY_BYTES_MAX[adapterOf(provider)] ?? Number.POSITIVE_INFINITY) - addedBytes;
}

// The operator's mapping of names is for names of clients: a provider in front takes this one past it.
function travellingName(model: string, provider: ProviderId, mapping: ModelMapping): string {
  const past = `${provider}/${model}`;
  const plain = resolveModel(model, provider, mapping).upstreamModel;
  return plain === resolveModel(past, provider, mapping).upstreamModel ? model : past;
}

function serves(
  requestModel: string,
  provider: ProviderId,
  mapping: ModelMapping,
): PlannedTarget['serves'] {
  const isWished = chosenTarget(requestModel, mapping, provider) !== null;
  return isWished ? 'yes' : servesModel(requestModel, provider);
}

function isSame(name: string, provider: ProviderId, { upstreamModel, model }: ResolvedModel) {
  const asked = resolveModel(name, 'anthropic').model;
  const isClaudeAsked = isClaudeName(bareName(name)) || (asked?.line ?? null) !== null;
  if (isClaudeAsked) return (model?.line ?? null) !== null || isClaudeName(bareName(upstreamModel));
  return upstreamModel === resolveModel(name, provider).upstreamModel;
}
