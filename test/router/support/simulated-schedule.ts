import { LIMITS } from '../../../config/limits.ts';
import type { RateLimit } from '../../../config/load-rate-limits.ts';
import { type Decision, decide } from '../../../router/decide.ts';
import type { RoutingState } from '../../../router/knowledge.ts';
import { planFor } from '../../../router/plan.ts';
import type { RouterPolicy } from '../../../router/policy.ts';
import type { FailedAttempt, RouteRequest } from '../../../schemas/envelope.ts';
import type { Observation } from '../../../schemas/observation.ts';
import type { ProviderId } from '../../../schemas/provider.ts';
import { STRATEGY_NAMES, type StrategyName } from '../../../schemas/routing.ts';
import { accountKey, type Target, targetKey } from '../../../schemas/target.ts';
import { answeredAt, endedAt, failedAt, startedAt } from './observations.ts';
import { policyFor, requestFor } from './routing.ts';
import { oneOf, wholeFrom } from './seeded-random.ts';
import { type SimulatedAnswer, SimulatedProvider } from './simulated-provider.ts';
import { Timeline } from './timeline.ts';

const MINUTE_MS = 60_000;
/** Many requests at once, so that budgets of retries run out. */
const STORM_SHARE = 0.03;
/** A name that means the same to each of them. */
const MODEL = 'a-model-of-theirs';
/** They all serve the model. */
export const PROVIDERS: readonly ProviderId[] = [
  'anthropic',
  'vertex-claude',
  'openrouter',
  'openai-compatible-a',
  'openai-compatible-b',
];
const CONFIGURED: ProviderId = 'openrouter';
const CONFIGURED_LIMIT = 6;
/** One of the providers has a configured limit. */
export const RATE_LIMITS: readonly RateLimit[] = [
  {
    provider: CONFIGURED,
    account: null,
    model: null,
    windows: [{ kind: 'requests', periodMs: MINUTE_MS, limit: CONFIGURED_LIMIT }],
  },
];
const POLICIES: readonly RouterPolicy[] = [2, 3, 4, 5].map((count) =>
  policyFor(PROVIDERS.slice(0, count), { accountsEach: count % 2 === 0 ? 2 : 1 }),
);

/** What was seen in all schedules, so that a test can tell whether they went anywhere. */
export interface SimulationCounts {
  requests: number;
  retries: number;
  failures: number;
  ejections: number;
  closures: number;
  waits: number;
  restores: number;
  budgetless: number;
}

const WITHOUT_SPEED = ['cost', 'availability'] as const satisfies readonly StrategyName[];

/** What a schedule works on. */
export interface ScheduleParts {
  readonly state: RoutingState;
  /** Is restored from a snapshot in the middle and must decide the same from then on; null = not this time. */
  readonly copy: RoutingState | null;
  readonly counts: SimulationCounts;
}

/** One request on its way, as ingress/exchange.ts makes its attempts. */
interface SimulatedRequest {
  readonly id: string;
  readonly conversation: string;
  readonly failed: FailedAttempt[];
  hasWaited: boolean;
  attempts: number;
}

/** `isOpen`: as far as the state knew, all windows of the first target were open. */
type SimulatedDecision = Decision & { readonly isOpen: boolean };

/** A burst of requests to providers that come and go. */
export class Schedule {
  readonly #random: () => number;
  readonly #parts: ScheduleParts;
  readonly #policy: RouterPolicy;
  readonly #strategy: StrategyName;
  readonly #timeline: Timeline;
  readonly #world = new Map<ProviderId, SimulatedProvider>();
  readonly #fingerprints = new Map<ProviderId, string>();
  /** Starts of attempts at accounts with a configured window. */
  readonly #sent = new Map<string, number[]>();
  readonly #plan: readonly Target[];
  /** Until when refusals closed a target, by what they said. */
  readonly #closedUntilMs = new Map<string, number>();
  #isStorm = false;
  #isRestored = false;

  constructor(random: () => number, nowMs: number, parts: ScheduleParts) {
    this.#random = random;
    this.#parts = parts;
    this.#policy = POLICIES[wholeFrom(random, 0, POLICIES.length - 1)] ?? policyFor();
    // A copy makes its priors of speeds anew, up to a second before the original: its decisions must not hang on that.
    this.#strategy = oneOf(random, parts.copy === null ? STRATEGY_NAMES : WITHOUT_SPEED);
    this.#plan = planFor({ requestModel: MODEL, rule: null }, this.#policy);
    this.#timeline = new Timeline(nowMs);
    for (const provider of this.#policy.chain) {
      this.#world.set(provider, new SimulatedProvider(random, nowMs));
    }
  }

  /** Returns the time when all is over. */
  run(): number {
    this.#isStorm = this.#random() < STORM_SHARE;
    const count = this.#isStorm ? 60 : wholeFrom(this.#random, 20, 23);
    const restoreAt = wholeFrom(this.#random, 5, 15);
    let atMs = this.#timeline.nowMs;
    for (let index = 0; index < count; index += 1) {
      atMs += this.#gapMs();
      this.#timeline.at(atMs, () => {
        if (index === restoreAt) this.#restoreCopy();
        this.#tellFingerprints();
        const conversation = `session-${wholeFrom(this.#random, 0, 3)}`;
        const request = {
          id: `r${index}`,
          conversation,
          failed: [],
          hasWaited: false,
          attempts: 0,
        };
        this.#parts.counts.requests += 1;
        this.#route(request);
      });
    }
    return this.#timeline.run();
  }

  #gapMs(): number {
    if (this.#isStorm) return wholeFrom(this.#random, 0, 100);
    const draw = this.#random();
    if (draw < 0.3) return 0;
    if (draw < 0.97) return wholeFrom(this.#random, 1, 4_000);
    return wholeFrom(this.#random, MINUTE_MS, 20 * MINUTE_MS);
  }

  #restoreCopy(): void {
    const { state, copy, counts } = this.#parts;
    if (copy === null) return;
    const { nowMs } = this.#timeline;
    copy.restore(JSON.parse(JSON.stringify(state.snapshot(nowMs))), nowMs);
    for (const part of state.homesInParts(nowMs)) copy.addHomes(part, nowMs);
    this.#isRestored = true;
    counts.restores += 1;
  }

  #tellFingerprints(): void {
    for (const [provider, simulated] of this.#world) {
      const fingerprint = simulated.fingerprintAt(this.#timeline.nowMs);
      if (this.#fingerprints.get(provider) === fingerprint) continue;
      this.#fingerprints.set(provider, fingerprint);
      for (const account of this.#policy.accounts.get(provider) ?? []) {
        this.#fold({ kind: 'account', provider, account, fingerprint });
      }
    }
  }

  #fold(observation: Observation): void {
    const { state, copy } = this.#parts;
    state.fold(observation, this.#timeline.nowMs);
    // Before its restoration it knows what releases its own reservations, and nothing of what became of them.
    const isHeard = this.#isRestored || observation.kind === 'started';
    if (isHeard) copy?.fold(observation, this.#timeline.nowMs);
  }

  #route(request: SimulatedRequest): void {
    if (request.attempts >= LIMITS.attemptsMax) return;
    const question: RouteRequest = requestFor(
      { sessionId: request.conversation, requestModel: MODEL },
      { requestId: request.id, failed: [...request.failed], hasWaited: request.hasWaited },
    );
    const decision = this.#decide(question);
    const { first } = decision;
    if (first === null) return;
    if (request.failed.length > 0) this.#parts.counts.retries += 1;
    const { waitMs } = decision.decision;
    if (waitMs > 0) {
      this.#parts.counts.waits += 1;
      request.hasWaited = true;
    }
    const afterMs = this.#timeline.nowMs + waitMs + wholeFrom(this.#random, 0, 20);
    this.#timeline.at(afterMs, () => this.#attempt(request, first.target, decision));
  }

  #decide(question: RouteRequest): SimulatedDecision {
    const { state, copy } = this.#parts;
    const { nowMs } = this.#timeline;
    const how = { policy: this.#policy, strategy: this.#strategy, nowMs };
    const decision = decide(question, { ...how, knowledge: state });
    if (copy !== null && this.#isRestored) {
      const same = decide(question, { ...how, knowledge: copy });
      const [one, other] = [JSON.stringify(decision.decision), JSON.stringify(same.decision)];
      if (one !== other) throw new Error(`a restored copy decides ${other} instead of ${one}`);
    }
    const { first } = decision;
    if (first === null) throw new Error(`nobody to ask: ${decision.decision.refusal}`);
    const isOpen = this.#checkChoice(question, first.target);
    const isRetry = question.failed.length > 0;
    const reserved = { need: first.need, isRetry, conversation: null };
    state.reserve(question.requestId, first.target, reserved, nowMs);
    copy?.reserve(question.requestId, first.target, reserved, nowMs);
    return { ...decision, isOpen };
  }

  /** Looks at the state itself, not at what the decision says about it. */
  #checkChoice(question: RouteRequest, { provider, account }: Target): boolean {
    const { state, counts } = this.#parts;
    const chosen = this.#plan.find(
      (target) => target.provider === provider && target.account === account,
    );
    if (chosen === undefined) throw new Error(`${provider}/${account} is not in the plan`);
    const { nowMs } = this.#timeline;
    const { state: circuit } = state.circuit(chosen, nowMs);
    const isEjected = circuit === 'open' || circuit === 'blocked';
    const isClosed = state.forecast(chosen, NEED, nowMs).closedForMs > 0;
    const lacksBudget = question.failed.length > 0 && !state.hasRetryBudget(chosen, nowMs);
    if (isEjected) counts.ejections += 1;
    if (lacksBudget) counts.budgetless += 1;
    if (isClosed) counts.closures += 1;
    if (isEjected || isClosed || lacksBudget) this.#checkOthers(question, chosen);
    if (!isClosed && nowMs < (this.#closedUntilMs.get(targetKey(chosen)) ?? 0)) {
      throw new Error(`${targetKey(chosen)} seems open, but a refusal closed it`);
    }
    return !isClosed;
  }

  #checkOthers(question: RouteRequest, chosen: Target): void {
    const better = this.#others(question).find((other) => this.#isHealthy(other, question));
    if (better === undefined) return;
    throw new Error(`${targetKey(chosen)} is asked before the healthy ${targetKey(better)}`);
  }

  #others({ failed }: RouteRequest): readonly Target[] {
    return this.#plan.filter(({ provider }) => !failed.some((each) => each.provider === provider));
  }

  #isHealthy(target: Target, question: RouteRequest): boolean {
    const { state } = this.#parts;
    const { nowMs } = this.#timeline;
    const circuit = state.circuit(target, nowMs);
    const forecast = state.forecast(target, NEED, nowMs);
    return (
      circuit.state === 'closed' &&
      circuit.weight === 1 &&
      !forecast.isOverThreshold &&
      forecast.closedForMs === 0 &&
      (question.failed.length === 0 || state.hasRetryBudget(target, nowMs))
    );
  }

  #attempt(request: SimulatedRequest, target: Target, { isOpen }: SimulatedDecision): void {
    const attemptId = `${request.id}.${request.attempts}`;
    request.attempts += 1;
    const { conversation } = request;
    this.#fold(startedAt(target, attemptId, { conversation, inputTokensEstimate: 10_000 }));
    const { nowMs } = this.#timeline;
    const answer = this.#world.get(target.provider)?.answer(nowMs);
    if (answer === undefined) throw new Error(`${target.provider} is not in the chain`);
    const { failure, status, headersMs, endMs, retryAfterMs, windows } = answer;
    // What never reached the provider counts in no window.
    if (failure !== 'connection' && isOpen) this.#checkConfigured(target);
    if (headersMs !== null && failure === null) {
      const seen = answeredAt(target, attemptId, { status: status ?? 0, windows });
      this.#timeline.at(nowMs + headersMs, () => this.#fold(seen));
    }
    this.#timeline.at(nowMs + endMs, () => {
      if (failure === null) {
        const home = { conversation, cacheTtlMs: 300_000, durationMs: endMs };
        this.#fold(endedAt(target, attemptId, home));
        return;
      }
      this.#parts.counts.failures += 1;
      if (failure === 'rate_limited') this.#close(target, answer);
      this.#fold(failedAt(target, attemptId, { failure, status, retryAfterMs, windows }));
      const { provider, account } = target;
      request.failed.push({ provider, account, status: status ?? 502, errorType: 'api_error' });
      if (this.#hasOthers(request)) this.#route(request);
    });
  }

  // The ingress gives up when nobody is left; here a decision without a target is a mistake.
  #hasOthers({ failed }: SimulatedRequest): boolean {
    const dead = new Set(failed.map(({ provider }) => provider));
    return this.#policy.chain.some((provider) => !dead.has(provider));
  }

  // Of those that were sent there because it had room: a last resort may be beyond it.
  #checkConfigured(target: Target): void {
    if (target.provider !== CONFIGURED) return;
    const { nowMs } = this.#timeline;
    const key = accountKey(target);
    const sent = (this.#sent.get(key) ?? []).filter((startMs) => nowMs - startMs < MINUTE_MS);
    sent.push(nowMs);
    this.#sent.set(key, sent);
    if (sent.length <= CONFIGURED_LIMIT) return;
    throw new Error(`${sent.length} requests a minute at ${key}`);
  }

  #close(target: Target, { retryAfterMs, windows }: SimulatedAnswer): void {
    const exhausted = windows.find(({ remaining }) => remaining === 0);
    const forMs = retryAfterMs ?? exhausted?.resetInMs ?? LIMITS.rateClosedMs;
    const untilMs = this.#timeline.nowMs + forMs;
    const key = targetKey(target);
    this.#closedUntilMs.set(key, Math.max(untilMs, this.#closedUntilMs.get(key) ?? 0));
  }
}

const NEED = { inputTokens: 10_000, outputTokens: 100 };
