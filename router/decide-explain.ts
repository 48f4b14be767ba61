import type { RouteDecision, RouteRequest } from '../schemas/envelope.ts';
import type { ExplainedCandidate, Explanation } from '../schemas/routing.ts';
import type { Assessed } from './assess.ts';
import { type AppliedRule, ruleInWords } from './class-rules.ts';
import type { Ranked } from './decide-order.ts';
import { whyExcluded } from './decide-refusal.ts';
import type { Excluded } from './fit.ts';

/** What a decision was made from. */
export interface DecisionTrace {
  readonly request: RouteRequest;
  readonly rule: AppliedRule | null;
  readonly ranked: readonly Ranked[];
  readonly excluded: readonly Excluded[];
}

const MS_PER_SECOND = 1_000;

/** Tells a decision for people: every candidate with how it stands and what its score is made of. */
export function explained(
  decision: RouteDecision,
  { request, rule, ranked, excluded }: DecisionTrace,
  atMs: number,
): Explanation {
  const { requestModel, requestClass } = request.facts;
  return {
    requestId: request.requestId,
    atMs,
    requestModel,
    requestClass,
    rule: rule === null ? null : ruleInWords(rule),
    decision,
    candidates: [
      ...ranked.map(explainedRank),
      ...excluded.map((each) => explainedExclusion(each, request)),
    ],
  };
}

function explainedRank({ candidate, score, factors }: Ranked): ExplainedCandidate {
  const { provider, account, upstreamModel, standing } = candidate;
  return {
    provider,
    account,
    upstreamModel,
    isEligible: true,
    standing: standing.level,
    standingReason: standingInWords(candidate),
    score,
    factors,
  };
}

function explainedExclusion(excluded: Excluded, request: RouteRequest): ExplainedCandidate {
  const { provider, account, upstreamModel } = excluded.planned;
  return {
    provider,
    account,
    upstreamModel,
    isEligible: false,
    standing: 'out',
    standingReason: whyExcluded(excluded, request),
    score: 0,
    factors: {},
  };
}

function standingInWords({ standing, circuit, forecast }: Assessed): string {
  const cause = circuit.cause?.replaceAll('_', ' ') ?? 'failures';
  const window = forecast.limitedBy?.replaceAll('_', ' ') ?? 'rate';
  switch (standing.cause) {
    case 'well':
      return '';
    case 'blocked':
      return `is blocked after ${cause}`;
    case 'ejected':
      return `is ejected after ${cause}, ${backIn(standing.backInMs)}`;
    case 'probed':
      return `is being probed after ${cause}`;
    case 'rate_limited':
      return `is at its limit of ${window}, ${backIn(standing.backInMs)}`;
    case 'suspect':
      return `has just failed: ${cause}`;
    case 'near_limit':
      return `is near its limit of ${window}`;
    case 'no_retry_budget':
      return 'has taken its share of retries';
    case 'recovering':
      return standing.isTrial ? '' : 'takes a part of the traffic while it recovers';
  }
}

function backIn(backInMs: number): string {
  if (!Number.isFinite(backInMs)) return 'nobody knows until when';
  return `back in ${Math.ceil(backInMs / MS_PER_SECOND)} s`;
}
