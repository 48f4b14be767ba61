import { LIMITS } from '../config/limits.ts';
import { createMemory } from '../config/memory.ts';
import {
  chosenTarget,
  type ModelMapping,
  providerOfModel,
  resolveModel,
  servesModel,
} from '../config/model-mapping.ts';
import type { RouteRequest } from '../schemas/envelope.ts';
import type { ProviderId } from '../schemas/provider.ts';

/** A provider of the chain that may serve the request. */
export interface ChainMember {
  readonly provider: ProviderId;
  /** Place in the configured chain, from 0. */
  readonly chainIndex: number;
}

/** Candidates of one rank: a strategy orders them among themselves. */
export type CandidateGroup = readonly ChainMember[];

/**
 * Lists who may serve a request: on a pinned port that provider alone, else the chain; in both cases without those
 * that failed this request already.
 */
export function candidates(
  chain: readonly ProviderId[],
  request: RouteRequest,
): readonly ChainMember[] {
  const failed = new Set(request.failed.map((attempt) => attempt.provider));
  return chain
    .map((provider, chainIndex) => ({ provider, chainIndex }))
    .filter(({ provider }) => request.pinned === null || provider === request.pinned)
    .filter(({ provider }) => !failed.has(provider));
}

/**
 * Groups candidates by how well they fit the model that is asked for, best first. Pure.
 *
 * A provider in the model's name is the only one. Left out are those that do not have the model, or whose model cannot
 * hold the prompt, as long as others do. Then come: the provider that a rule of the operator names, those known to have
 * the model, those that may have it, those whose model sees no images when there are some.
 */
export function groupByFit(
  all: readonly ChainMember[],
  request: RouteRequest,
  mapping: ModelMapping,
): readonly CandidateGroup[] {
  const { requestModel } = request.facts;
  const named = providerOfModel(requestModel, mapping.providers);
  if (named !== null) return [all.filter(({ provider }) => provider === named.provider)];
  const able = unlessNobody(all, ({ provider }) => serves(request, provider, mapping) !== 'no');
  const roomy = unlessNobody(able, ({ provider }) => holdsPrompt(request, provider, mapping));
  const preferred = preferredProvider(requestModel, mapping);
  const groups: ChainMember[][] = [[], [], [], []];
  for (const candidate of roomy) {
    const isPreferred = candidate.provider === preferred;
    groups[rankOf(request, candidate.provider, { mapping, isPreferred })]?.push(candidate);
  }
  return groups.filter((group) => group.length > 0);
}

function rankOf(
  request: RouteRequest,
  provider: ProviderId,
  { mapping, isPreferred }: { mapping: ModelMapping; isPreferred: boolean },
): number {
  const { model } = resolveModel(request.facts.requestModel, provider, mapping);
  if (request.facts.hasImages && model?.capabilities.images === false) return 3;
  if (isPreferred) return 0;
  return serves(request, provider, mapping) === 'yes' ? 1 : 2;
}

function serves(
  { facts }: RouteRequest,
  provider: ProviderId,
  mapping: ModelMapping,
): 'yes' | 'maybe' | 'no' {
  const { requestModel } = facts;
  return served(mapping, `${provider} ${requestModel}`, () => {
    const chosen = chosenTarget(requestModel, mapping, provider);
    return chosen === null ? servesModel(requestModel, provider) : 'yes';
  });
}

const served = createMemory<'yes' | 'maybe' | 'no'>(LIMITS.mappedNamesMax);

function preferredProvider(requestModel: string, mapping: ModelMapping): ProviderId | null {
  const make = () => ({ provider: chosenTarget(requestModel, mapping)?.provider ?? null });
  return preferences(mapping, requestModel, make).provider;
}

const preferences = createMemory<{ provider: ProviderId | null }>(LIMITS.mappedNamesMax);

function holdsPrompt(
  { facts }: RouteRequest,
  provider: ProviderId,
  mapping: ModelMapping,
): boolean {
  const { model } = resolveModel(facts.requestModel, provider, mapping);
  // The client's mark for a window that the provider widens on request.
  if (facts.requestModel.endsWith('[1m]')) return true;
  return facts.inputTokensEstimate <= (model?.contextWindowTokens ?? Number.POSITIVE_INFINITY);
}

function unlessNobody(
  all: readonly ChainMember[],
  isFit: (candidate: ChainMember) => boolean,
): readonly ChainMember[] {
  const fit = all.filter(isFit);
  return fit.length === 0 ? all : fit;
}
