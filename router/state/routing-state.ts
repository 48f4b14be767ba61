import { LIMITS } from '../../config/limits.ts';
import type { RequestFacts } from '../../schemas/envelope.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import {
  type AccountHealth,
  NO_SETTINGS,
  type ProviderHealth,
  type RoutingSettings,
} from '../../schemas/routing.ts';
import type { Target } from '../../schemas/target.ts';
import type {
  CircuitStanding,
  Forecast,
  Reserved,
  RoutingSnapshot,
  RoutingState,
  SessionHome,
  Speed,
  TokenNeed,
} from '../knowledge.ts';
import { isObservation } from './is-observation.ts';
import { KnownTargets } from './known-targets.ts';
import { foldObservation } from './routing-fold.ts';
import {
  healthOfAccount,
  healthOfProvider,
  inMaintenance,
  type ScoredAccount,
} from './routing-health.ts';
import { RoutingParts, type RoutingStateOptions } from './routing-parts.ts';

const NO_TOKENS: TokenNeed = { inputTokens: 0, outputTokens: 0 };
/** Stands for an account as a whole. */
const ANY_MODEL = '';

/** Creates a state that knows nothing yet. */
export function createRoutingState(options: RoutingStateOptions): RoutingState {
  return new ComposedState(options);
}

class ComposedState implements RoutingState {
  readonly #options: RoutingStateOptions;
  readonly #parts: RoutingParts;
  readonly #targets: KnownTargets;
  #settings: RoutingSettings = NO_SETTINGS;

  constructor(options: RoutingStateOptions) {
    this.#options = options;
    this.#parts = new RoutingParts(options);
    this.#targets = new KnownTargets(this.#parts);
  }

  get settings(): RoutingSettings {
    return this.#settings;
  }

  apply(settings: RoutingSettings): void {
    this.#settings = settings;
  }

  fold(observation: unknown, nowMs: number): void {
    if (!isObservation(observation) || !Number.isFinite(nowMs)) return;
    foldObservation(this.#parts, observation, nowMs);
  }

  reserve(
    requestId: string,
    target: Target,
    { need, isRetry, waitMs = 0 }: Reserved,
    nowMs: number,
  ): void {
    const { reservations, retryBudgets, targets } = this.#parts;
    reservations.reserve(requestId, targets.intern(target), { need, waitMs }, nowMs);
    retryBudgets.routed(isRetry, nowMs);
  }

  snapshot(nowMs: number): RoutingSnapshot {
    return this.#parts.snapshot(nowMs);
  }

  restore(snapshot: unknown, nowMs: number): boolean {
    return this.#parts.restore(snapshot, nowMs);
  }

  homesInParts(nowMs: number): Iterable<unknown> {
    return this.#parts.sessions.parts(nowMs);
  }

  addHomes(part: unknown, nowMs: number): void {
    this.#parts.sessions.add(part, nowMs);
  }

  forecast(target: Target, need: TokenNeed, nowMs: number): Forecast {
    const { keys, scopes: found } = this.#targets.of(target);
    const held = this.#parts.reservations.held(keys, nowMs);
    return this.#parts.windows.forecast(target, need, nowMs, { held, found });
  }

  // Streams that wait far too long for their headers tell of trouble before any of them fails.
  circuit(target: Target, nowMs: number): CircuitStanding {
    const { circuits, scopes, speed } = this.#targets.of(target);
    const standing = this.#parts.circuits.standing(target, nowMs, circuits);
    const { windows, speeds } = this.#parts;
    if (standing.state !== 'closed' || !windows.isAwaited(target, scopes)) return standing;
    const { firstContentMs } = speeds.speed(target, nowMs, speed);
    if (!windows.isStalling(target, firstContentMs, nowMs)) return standing;
    return { ...standing, state: 'suspect', cause: 'timeout' };
  }

  speed(target: Target, nowMs: number): Speed {
    return this.#parts.speeds.speed(target, nowMs, this.#targets.of(target).speed);
  }

  successProbability(target: Target, nowMs: number): number {
    return this.#parts.successes.probability(target, nowMs, this.#targets.of(target).success);
  }

  expectedOutputTokens(facts: RequestFacts): number {
    return this.#parts.outputSizes.expected(facts);
  }

  homes(conversation: string, nowMs: number): readonly SessionHome[] {
    return this.#parts.sessions.homes(conversation, nowMs);
  }

  inFlight(target: Target): number {
    const { keys, scopes } = this.#targets.of(target);
    const { windows, reservations } = this.#parts;
    return windows.inFlight(target, scopes) + reservations.count(keys);
  }

  hasRetryBudget(target: Target, nowMs: number): boolean {
    return this.#parts.retryBudgets.hasBudget(target, nowMs);
  }

  isInMaintenance(provider: ProviderId): boolean {
    return this.#settings.maintenance.some((each) => each.provider === provider);
  }

  accountHealth(provider: ProviderId, account: string, nowMs: number): AccountHealth {
    const { score: _, ...health } = this.#scored(provider, account, nowMs);
    return this.isInMaintenance(provider) ? inMaintenance(health) : health;
  }

  health(provider: ProviderId, nowMs: number): ProviderHealth {
    const { windows, tallies, speeds } = this.#parts;
    const known = this.#options.providers.find((each) => each.provider === provider);
    const accounts = known?.accounts ?? [];
    const scored = accounts.map((account) => this.#scored(provider, account, nowMs));
    return healthOfProvider(provider, scored, {
      isInMaintenance: this.isInMaintenance(provider),
      tally: tallies.tally(provider),
      means: speeds.providerMeans(provider, nowMs),
      inFlight: windows.inFlightAt(provider),
      toUnixMs: this.#options.toUnixMs ?? ((ms) => ms),
    });
  }

  #scored(provider: ProviderId, account: string, nowMs: number): ScoredAccount {
    const { windows } = this.#parts;
    const sinceMs = nowMs - LIMITS.healthModelMs;
    const asked = windows.modelsSince(provider, account, sinceMs);
    const targets = (asked.length === 0 ? [ANY_MODEL] : asked).map((upstreamModel) => {
      const target = { provider, account, upstreamModel };
      return {
        target,
        circuit: this.circuit(target, nowMs),
        forecast: windows.forecast(target, NO_TOKENS, nowMs),
        successProbability: this.successProbability(target, nowMs),
      };
    });
    return healthOfAccount(account, targets, windows.view(provider, account, nowMs));
  }
}
