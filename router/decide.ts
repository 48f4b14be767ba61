import { LIMITS } from '../config/limits.ts';
import { createMemory } from '../config/memory.ts';
import { providerOfModel } from '../config/model-mapping.ts';
import { conversationOf } from '../schemas/conversation.ts';
import type {
  RequestFacts,
  RouteDecision,
  RouteRequest,
  RouteTarget,
} from '../schemas/envelope.ts';
import type { ProviderId } from '../schemas/provider.ts';
import type { Explanation, StrategyName } from '../schemas/routing.ts';
import type { Target } from '../schemas/target.ts';
import { assess, needAt } from './assess.ts';
import { homeAt, homesAmong } from './candidate-facts.ts';
import { ruleFor } from './class-rules.ts';
import { explained } from './decide-explain.ts';
import { inOrder, type Ranked } from './decide-order.ts';
import { reasonOf } from './decide-reason.ts';
import { refusalOf } from './decide-refusal.ts';
import { waitingFor } from './decide-wait.ts';
import { fitOf } from './fit.ts';
import type { Knowledge, SessionHome, TokenNeed } from './knowledge.ts';
import { type PlannedTarget, planFor } from './plan.ts';
import type { RouterPolicy } from './policy.ts';
import { strategies } from './registry.ts';

/** What a decision is made from beside the request. */
export interface DecisionContext {
  readonly policy: RouterPolicy;
  readonly knowledge: Knowledge;
  readonly strategy: StrategyName;
  /** The clock of `knowledge`. */
  readonly nowMs: number;
}

/** Whom to ask, and what led to it. */
export interface Decision {
  readonly decision: RouteDecision;
  /** What to reserve; null = there is no target. */
  readonly first: { readonly target: Target; readonly need: TokenNeed } | null;
  /** Tells it for people. `atMs`: Unix milliseconds of the decision; default the decision's `nowMs`. */
  explain(atMs?: number): Explanation;
}

/** A pool without workers must not take all places. */
const TARGETS_PER_PROVIDER_MAX = 2;
const NOTHING: TokenNeed = { inputTokens: 0, outputTokens: 0 };
const NO_HOMES: readonly SessionHome[] = [];

/**
 * Decides whom to ask for a request, best first.
 *
 * Who is in maintenance, failed this request or lacks what it needs is left out. The others are ordered by how they stand,
 * by how well they fit, by the operator's rules, and then by the strategy. Changes nothing, throws nothing; a request is
 * refused only when nobody is left. Deterministic.
 */
export function decide(request: RouteRequest, context: DecisionContext): Decision {
  const { policy, knowledge, strategy, nowMs } = context;
  const { facts, failed } = request;
  const named = namedProvider(facts.requestModel, policy);
  const rule = named === null ? ruleFor(facts, policy.rules) : null;
  const need = needOf(facts, knowledge);
  const { fitting, excluded } = fitOf(
    within(planFor({ requestModel: facts.requestModel, rule }, policy), request, named),
    { ...facts, tokens: facts.inputTokensEstimate + need.outputTokens },
    {
      failed,
      barred: request.barred,
      accounts: policy.accounts,
      isInMaintenance: ({ provider }) => knowledge.isInMaintenance(provider),
    },
  );
  const conversation = conversationOf(facts);
  const known = conversation === null ? NO_HOMES : knowledge.homes(conversation, nowMs);
  const homes = homesAmong(fitting, known);
  const ranked = inOrder(
    assess(fitting, request, { facts, need, homes, knowledge, policy, nowMs }),
    request,
    { strategy: strategies[strategy], options: policy },
  );
  const waiting = waitingFor(ranked, request);
  const all = waiting === null ? ranked : withFirst(ranked, waiting.ranked);
  const decision: RouteDecision = {
    v: 1,
    targets: targetsOf(all),
    strategy,
    reason: reasonOf(all, request, { strategy, isWaiting: waiting !== null }),
    waitMs: waiting?.waitMs ?? 0,
    refusal: all.length === 0 ? refusalOf(excluded, request, { named, chain: policy.chain }) : null,
  };
  const target = all[0]?.candidate.planned ?? null;
  return {
    decision,
    first:
      target === null
        ? null
        : { target: plainTarget(target), need: needAt(homeAt(homes, target), need) },
    explain: (atMs = nowMs) => explained(decision, { request, rule, ranked: all, excluded }, atMs),
  };
}

const namedProviders = createMemory<{ provider: ProviderId | null }>(LIMITS.mappedNamesMax);

function namedProvider(requestModel: string, { mapping }: RouterPolicy): ProviderId | null {
  return namedProviders(mapping, requestModel, () => ({
    provider: providerOfModel(requestModel, mapping.providers)?.provider ?? null,
  })).provider;
}

function needOf(facts: RequestFacts, knowledge: Knowledge): TokenNeed {
  // Counting takes no tokens of any window.
  if (facts.operation === 'count_tokens') return NOTHING;
  return {
    inputTokens: facts.inputTokensEstimate,
    outputTokens: knowledge.expectedOutputTokens(facts),
  };
}

function within(
  plan: readonly PlannedTarget[],
  { pinned }: RouteRequest,
  named: ProviderId | null,
): readonly PlannedTarget[] {
  if (pinned === null && named === null) return plan;
  return plan.filter(
    ({ provider }) =>
      (pinned === null || provider === pinned) && (named === null || provider === named),
  );
}

function withFirst(ranked: readonly Ranked[], first: Ranked): readonly Ranked[] {
  return [first, ...ranked.filter((each) => each !== first)];
}

function targetsOf(all: readonly Ranked[]): readonly RouteTarget[] {
  const targets: RouteTarget[] = [];
  for (const { candidate } of all) {
    const { provider, account, model, facts } = candidate;
    const ofProvider = targets.filter((target) => target.provider === provider);
    if (ofProvider.length < TARGETS_PER_PROVIDER_MAX) {
      targets.push({ provider, account, model, cachedTokens: facts.cachedTokens });
    }
    if (targets.length === LIMITS.targetsMax) break;
  }
  return targets;
}

function plainTarget({ provider, account, upstreamModel }: PlannedTarget): Target {
  return { provider, account, upstreamModel };
}
