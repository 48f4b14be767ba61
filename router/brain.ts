import { conversationOf } from '../schemas/conversation.ts';
import type { RouteRequest } from '../schemas/envelope.ts';
import type { ObservationBatch } from '../schemas/observation.ts';
import type {
  Explanation,
  HealthReport,
  ProviderHealth,
  RoutingSettings,
  StrategyName,
} from '../schemas/routing.ts';
import { type Decision, decide } from './decide.ts';
import type { RoutingState } from './knowledge.ts';
import { ObservationLog, type Positions } from './observation-log.ts';
import type { RouterPolicy } from './policy.ts';
import { RecentDecisions } from './recent-decisions.ts';

/** What a router knows without the homes of conversations, as it is kept: JSON. */
export interface BrainSnapshot {
  readonly v: 1;
  /** Up to which batch of each process. */
  readonly asOf: Positions;
  readonly state: unknown;
}

/** What a brain starts with. */
export interface BrainOptions {
  readonly policy: RouterPolicy;
  readonly state: RoutingState;
  /** The configured strategy. */
  readonly strategy: StrategyName;
}

/**
 * What a router decides with: policy, state, and which observations the state is made of. Pure but for its memory; `nowMs`
 * is a clock that never goes back and counts Unix milliseconds.
 */
export class Brain {
  readonly policy: RouterPolicy;
  readonly #state: RoutingState;
  readonly #strategy: StrategyName;
  readonly #log = new ObservationLog();
  readonly #decisions = new RecentDecisions();
  #changes = 0;

  constructor({ policy, state, strategy }: BrainOptions) {
    this.policy = policy;
    this.#state = state;
    this.#strategy = strategy;
  }

  /** What the operator set, else what is configured. */
  get strategy(): StrategyName {
    return this.#state.settings.strategy ?? this.#strategy;
  }

  /** Grows whenever something was learned. */
  get changes(): number {
    return this.#changes;
  }

  /** Decisions made so far. */
  get decisions(): number {
    return this.#decisions.made;
  }

  /** Decides, and counts it as under way. */
  decide(request: RouteRequest, nowMs: number): Decision {
    const decision = this.#decide(request, nowMs);
    this.#decisions.add(decision);
    if (decision.first === null) return decision;
    const { target, need } = decision.first;
    const isRetry = request.failed.length > 0;
    const conversation = conversationOf(request.facts);
    const { waitMs } = decision.decision;
    const reserved = { need, isRetry, conversation, waitMs };
    this.#state.reserve(request.requestId, target, reserved, nowMs);
    return decision;
  }

  /** What it would decide; nothing is counted. */
  explain(request: RouteRequest, nowMs: number): Explanation {
    return this.#decide(request, nowMs).explain();
  }

  /** The last decisions, newest first. */
  recentDecisions(): readonly Explanation[] {
    return this.#decisions.explained();
  }

  /** Learns. True when batches of that process before this one never came. */
  learn(batch: ObservationBatch, nowMs: number): boolean {
    const place = this.#log.take(batch, nowMs);
    if (place === 'old') return false;
    this.#fold(batch, nowMs);
    return place === 'gap';
  }

  /** Follows the operator. */
  apply(settings: RoutingSettings): void {
    this.#changes += 1;
    this.#state.apply(settings);
  }

  /** How all providers do. */
  health(nowMs: number): HealthReport {
    return {
      v: 1,
      atMs: Math.round(nowMs),
      strategy: this.strategy,
      providers: this.providers(nowMs),
    };
  }

  /** How each provider does, in the chain's order. */
  providers(nowMs: number): readonly ProviderHealth[] {
    return this.policy.chain.map((provider) => this.#state.health(provider, nowMs));
  }

  /** Everything it knows but where conversations are at home. */
  snapshot(nowMs: number): BrainSnapshot {
    return { v: 1, asOf: this.#log.positions(), state: this.#state.snapshot(nowMs) };
  }

  /**
   * Takes over what another router knew, and learns again what that one had not heard yet. False = it was left as it is:
   * the snapshot is of another version, or lacks more than is remembered here.
   */
  adopt({ asOf, state }: BrainSnapshot, nowMs: number): boolean {
    const lacking = this.#log.since(asOf);
    if (lacking === null || !this.#state.restore(state, nowMs)) return false;
    this.#log.skipTo(asOf);
    this.#changes += 1;
    for (const batch of lacking) this.#fold(batch, nowMs);
    return true;
  }

  /** Where conversations are at home, in parts that take little time each. */
  homesInParts(nowMs: number): Iterable<unknown> {
    return this.#state.homesInParts(nowMs);
  }

  /** Takes over such a part, which another router wrote at `atMs` (Unix milliseconds). */
  adoptHomes(part: unknown, atMs: number, nowMs: number): void {
    // The writer's clock may be ahead of this one.
    this.#state.addHomes(part, Math.min(atMs, nowMs));
    this.#changes += 1;
  }

  #fold({ observations }: ObservationBatch, nowMs: number): void {
    this.#changes += 1;
    for (const observation of observations) this.#state.fold(observation, nowMs);
  }

  #decide(request: RouteRequest, nowMs: number): Decision {
    const { policy, strategy } = this;
    return decide(request, { policy, knowledge: this.#state, strategy, nowMs });
  }
}
