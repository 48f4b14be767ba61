/**
 * The formula that this project began with, for comparison: a product of factors, its limits and priorities set by the
 * operator, with no idea of prompt caches.
 */
import type { RouteDecision, RouteRequest } from '../../schemas/envelope.ts';
import type { AttemptEnded } from '../../schemas/observation.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import type { Router } from './gateway-router.ts';
import { PROVIDERS, type ProviderProfile } from './providers.ts';

interface Known {
  readonly profile: ProviderProfile;
  readonly priority: number;
  /** Moments and estimated tokens of the last minute. */
  recent: { readonly atMs: number; readonly tokens: number }[];
  averageSeconds: number;
  successes: number;
  failures: number;
  limitedUntilMs: number;
}

/** `true` = as it was written: it streams nothing, forgets limits at once, counts no failures, and never falls over. */
export interface SeedOptions {
  readonly hasFaults: boolean;
}

const PRIORITIES = [10, 8, 6, 4];
const WINDOW_MS = 60_000;
const THRESHOLD = 0.8;
const USD_PER_TOKEN = 3e-6;
const TOKENS_MIN = 100;

/** Creates a router that orders by the formula; every provider's limits and price are known to it. */
export function createSeedRouter({ hasFaults }: SeedOptions): Router {
  const known = PROVIDERS.map((profile, index): Known => {
    const priority = PRIORITIES[index] ?? 1;
    const never = { averageSeconds: 0, successes: 0, failures: 0, limitedUntilMs: 0 };
    return { profile, priority, recent: [], ...never };
  });
  return {
    isStreaming: !hasFaults,
    decide(request, nowMs) {
      const ordered = known
        .map((each) => ({ each, score: scoreOf(each, request, nowMs) }))
        .sort((a, b) => b.score - a.score)
        .map(({ each }) => each)
        .filter(({ profile }) => !hasFailed(request, profile.target.provider));
      const [first] = hasFaults && request.failed.length > 0 ? [] : ordered;
      if (first === undefined) return decisionOf([]);
      const tokens = request.facts.inputTokensEstimate;
      first.recent.push({ atMs: nowMs, tokens });
      return decisionOf(hasFaults ? [first] : ordered);
    },
    learn(observation, nowMs) {
      if (observation.kind !== 'ended') return;
      const each = known.find(({ profile }) => profile.target.provider === observation.provider);
      if (each !== undefined) learnFrom(each, observation, { hasFaults, nowMs });
    },
  };
}

function scoreOf(known: Known, request: RouteRequest, nowMs: number): number {
  const { profile, priority, averageSeconds, successes, failures } = known;
  known.recent = known.recent.filter(({ atMs }) => nowMs - atMs < WINDOW_MS);
  const { requestsPerMinute, inputTokensPerMinute } = profile.limits;
  const tokens = known.recent.reduce((sum, each) => sum + each.tokens, 0);
  const isApproaching =
    known.recent.length > requestsPerMinute * THRESHOLD ||
    tokens > inputTokensPerMinute * THRESHOLD;
  const room = isApproaching ? 0.3 : nowMs < known.limitedUntilMs ? 0.1 : 1;
  const speed = averageSeconds > 0 ? Math.max(0.5, 2 / (1 + averageSeconds)) : 1;
  const answers = successes + failures;
  const success = answers === 0 ? 1 : successes / answers;
  const estimate = Math.max(TOKENS_MIN, request.facts.inputTokensEstimate);
  const cost = estimate * USD_PER_TOKEN * profile.priceFactor;
  return (priority / 10) * room * speed * success * Math.max(0.5, 1 / (1 + cost));
}

function learnFrom(
  known: Known,
  ended: AttemptEnded,
  { hasFaults, nowMs }: SeedOptions & { nowMs: number },
): void {
  if (ended.outcome === 'completed') {
    const seconds = ended.durationMs / 1_000;
    const before = known.averageSeconds === 0 ? seconds : known.averageSeconds;
    known.averageSeconds = (before + seconds) / 2;
    known.successes += 1;
    return;
  }
  if (hasFaults) return;
  known.failures += 1;
  if (ended.failure === 'rate_limited') {
    known.limitedUntilMs = nowMs + (ended.retryAfterMs ?? WINDOW_MS);
  }
}

function hasFailed({ failed }: RouteRequest, provider: ProviderId): boolean {
  return failed.some((attempt) => attempt.provider === provider);
}

function decisionOf(ordered: readonly Known[]): RouteDecision {
  return {
    v: 1,
    targets: ordered.map(({ profile: { target } }) => {
      return { provider: target.provider, account: target.account, model: null, cachedTokens: 0 };
    }),
    strategy: 'seed',
    reason: ordered.length === 0 ? 'nobody' : 'score',
    waitMs: 0,
    refusal: null,
  };
}
