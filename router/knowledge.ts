import type { RequestFacts } from '../schemas/envelope.ts';
import type { FailureKind, Observation, WindowKind } from '../schemas/observation.ts';
import type { ProviderId } from '../schemas/provider.ts';
import type { AccountHealth, ProviderHealth, RoutingSettings } from '../schemas/routing.ts';
import type { Target } from '../schemas/target.ts';

/** What a request will take, for windows. */
export interface TokenNeed {
  /** The whole prompt. */
  readonly inputTokens: number;
  /** The part of it that the target holds in its cache: some providers' windows leave it out. Default 0. */
  readonly cachedInputTokens?: number;
  readonly outputTokens: number;
}

/** How a target's windows would stand after one more request. */
export interface Forecast {
  /** The share of the tightest window that would be left, 0 to 1; 1 where no limit is known. */
  readonly headroom: number;
  /** The request would cross `RATE_LIMIT_THRESHOLD` of a window. */
  readonly isOverThreshold: boolean;
  /** Milliseconds until the last closed window opens; 0 = all are open. */
  readonly closedForMs: number;
  /** The window that says so; null = none. */
  readonly limitedBy: WindowKind | null;
}

/**
 * How a target's circuit stands.
 *
 * `closed` serves; `suspect` has just failed: others are preferred for a moment; `open` is ejected; `half_open` takes a
 * few probes; `blocked` is out until its credential, its configuration or the operator says otherwise.
 */
export interface CircuitStanding {
  readonly state: 'closed' | 'suspect' | 'open' | 'half_open' | 'blocked';
  /** What the last failure was; null when closed. */
  readonly cause: FailureKind | null;
  /** Milliseconds until the next probe; 0 = now; null = nobody knows. */
  readonly backInMs: number | null;
  /** A half-open circuit takes one more probe now. True for `closed` and `suspect`. */
  readonly mayProbe: boolean;
  /** Share of its normal traffic, 0.1 to 1: after an ejection it rises over a minute. */
  readonly weight: number;
}

/** How fast a target has been lately; unknown ones have the prior. */
export interface Speed {
  readonly firstContentMs: number;
  readonly outputTokensPerSecond: number;
  readonly samples: number;
}

/** Where a conversation was served last and its prompt is cached. */
export interface SessionHome extends Target {
  /** Tokens of the prompt that the provider holds, as the gateway estimates prompts. */
  readonly cachedTokens: number;
  /** Milliseconds for which it holds them still. */
  readonly warmForMs: number;
}

/**
 * What a router knows, read from memory. `nowMs` is any monotonic clock, the same in all calls.
 *
 * Reading changes nothing; `reserve`, `fold` and `restore` do.
 */
export interface Knowledge {
  forecast(target: Target, need: TokenNeed, nowMs: number): Forecast;
  circuit(target: Target, nowMs: number): CircuitStanding;
  speed(target: Target, nowMs: number): Speed;
  /** 0 to 1, smoothed over the last minutes, with a prior of few samples. */
  successProbability(target: Target, nowMs: number): number;
  /** Output tokens that such a request will make, from what its class made lately, at most its `max_tokens`. */
  expectedOutputTokens(facts: RequestFacts): number;
  /** Homes of a conversation that are warm still, last used first. */
  homes(conversation: string, nowMs: number): readonly SessionHome[];
  inFlight(target: Target): number;
  /** False = the target's retry budget is used up: fallbacks should go elsewhere. */
  hasRetryBudget(target: Target, nowMs: number): boolean;
  isInMaintenance(provider: ProviderId): boolean;
  accountHealth(provider: ProviderId, account: string, nowMs: number): AccountHealth;
  health(provider: ProviderId, nowMs: number): ProviderHealth;
}

/** What a decision holds of a target until its attempt reports. */
export interface Reserved {
  readonly need: TokenNeed;
  /** It is a request's second decision or later. */
  readonly isRetry: boolean;
  readonly conversation: string | null;
  /** Milliseconds that the request waits before it goes there. Default 0. */
  readonly waitMs?: number;
}

/** The state machine: everything it knows comes from observations, settings and its own reservations. */
export interface RoutingState extends Knowledge {
  readonly settings: RoutingSettings;
  /** Learns. Nonsense and repetitions change nothing. Never throws. */
  fold(observation: Observation, nowMs: number): void;
  apply(settings: RoutingSettings): void;
  /** Counts a decision until its attempt reports (or for two seconds after its wait). */
  reserve(requestId: string, target: Target, how: Reserved, nowMs: number): void;
  /** Everything learned but the homes, as JSON, times relative to `nowMs`. */
  snapshot(nowMs: number): RoutingSnapshot;
  /** Replaces what was learned; own reservations and homes stay. Unknown versions are ignored (false). */
  restore(snapshot: unknown, nowMs: number): boolean;
  /** The homes of conversations as JSON, in parts that take little time each, times relative to `nowMs`. */
  homesInParts(nowMs: number): Iterable<unknown>;
  /** Takes over such a part as of `nowMs`; a conversation of which a later visit is known here stays as it is. */
  addHomes(part: unknown, nowMs: number): void;
}

/** Opaque JSON; `v` changes when its shape does. */
export interface RoutingSnapshot {
  readonly v: 1;
  readonly [part: string]: unknown;
}
