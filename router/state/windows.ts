import type { RateLimit } from '../../config/load-rate-limits.ts';
import type { WindowReading } from '../../schemas/observation.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import type { WindowView } from '../../schemas/routing.ts';
import type { Target } from '../../schemas/target.ts';
import type { Forecast, TokenNeed } from '../knowledge.ts';
import { type Amounts, amountsOfNeed, NO_AMOUNTS, plus } from './window-amounts.ts';
import { type OpenAttempt, OpenAttempts } from './window-attempts.ts';
import { refuse } from './window-refusal.ts';
import type { Verdict } from './window-scope.ts';
import { type ScopePair, WindowScopes } from './window-scopes.ts';
import { isStalling } from './window-stalls.ts';
import type { CountedAttempt } from './window-state.ts';
import { loadScope, windowsFromJson, windowsToJson } from './windows-snapshot.ts';

/** What decisions of this router hold that no attempt has reported yet: at the target, and at its account. */
export interface Held {
  readonly target: Amounts;
  readonly account: Amounts;
}

const NOTHING_HELD: Held = { target: NO_AMOUNTS, account: NO_AMOUNTS };

/** An attempt and where it goes. */
export interface AttemptAt {
  readonly attemptId: string;
  readonly target: Target;
}

/** What is expected of it. */
export interface AttemptPlan {
  readonly need: TokenNeed;
  readonly isStream: boolean;
}

/**
 * Rate-limit windows per account and model, and per account: what was counted here, what the operator says, what the
 * provider published, what refusals taught. Times are milliseconds of any monotonic clock.
 */
export class Windows {
  readonly #threshold: number;
  readonly #scopes: WindowScopes;
  #open = new OpenAttempts();
  // Inside, time is that of whoever wrote the snapshot: all processes cut periods at the same moments.
  #offsetMs = 0;

  constructor(options: { rateLimits: readonly RateLimit[]; threshold: number }) {
    this.#scopes = new WindowScopes(options.rateLimits);
    this.#threshold = options.threshold;
  }

  /** Grows when what `find` gave may no longer be it. */
  get revision(): number {
    return this.#scopes.revision;
  }

  /** Where the target's windows are; they hold until `revision` grows. */
  find(target: Target): ScopePair {
    return this.#scopes.find(target);
  }

  /** Reserves. False: the attempt is open already, and nothing changes. */
  started(
    { attemptId, target }: AttemptAt,
    { need, isStream }: AttemptPlan,
    nowMs: number,
  ): boolean {
    const atMs = nowMs + this.#offsetMs;
    this.#dropOverdue(atMs);
    if (this.#open.get(attemptId) !== undefined) return false;
    const reserved = amountsOfNeed(target.provider, need);
    const attempt = { attemptId, target, isWaiting: isStream, startedAtMs: atMs, reserved };
    const placed = this.#open.add(attempt);
    for (const scope of this.#scopes.of(target)) scope.started(attemptId, placed, isStream);
    return true;
  }

  /** Takes over what the provider says. */
  answered(
    { attemptId, target }: AttemptAt,
    readings: readonly WindowReading[],
    nowMs: number,
  ): void {
    const attempt = this.#open.get(attemptId);
    if (attempt !== undefined) this.#heard(attempt);
    if (readings.length === 0) return;
    const atMs = nowMs + this.#offsetMs;
    const [ofTarget, ofAccount] = this.#scopes.of(target);
    const origin = this.#open.origin(attemptId, atMs);
    for (const reading of readings) {
      (reading.scope === 'account' ? ofAccount : ofTarget).read(reading, origin, atMs);
    }
  }

  /** Settles. `real` null = nobody knows: the prompt counts as expected. An unknown attempt counts from now. */
  ended({ attemptId, target }: AttemptAt, real: Amounts | null, nowMs: number): void {
    const atMs = nowMs + this.#offsetMs;
    const attempt = this.#open.remove(attemptId);
    this.#settle({ attemptId, target }, attempt ?? this.#open.stranger(atMs), { real, atMs });
    this.#dropOverdue(atMs);
  }

  /** Settles an attempt that was refused for a rate limit, and closes the windows it is about. */
  refused(
    at: AttemptAt,
    refusal: { retryAfterMs: number | null; readings: readonly WindowReading[] },
    nowMs: number,
  ): void {
    this.answered(at, refusal.readings, nowMs);
    const wanted = this.#open.get(at.attemptId)?.reserved ?? NO_AMOUNTS;
    this.ended(at, ONLY_A_REQUEST, nowMs);
    const [ofTarget, ofAccount] = this.#scopes.of(at.target);
    refuse({ ofTarget, ofAccount }, { ...refusal, wanted }, nowMs + this.#offsetMs);
  }

  /** Opens, and forgets limits that were told or learned; counts stay. Account null = all of the provider's. */
  reset(provider: ProviderId, account: string | null): void {
    for (const scope of this.#scopes.at(provider, account)) scope.forget();
  }

  /**
   * How the target's windows would stand after one more request and what is `held`. `found`: the target's windows, where
   * they have been looked up.
   */
  forecast(
    target: Target,
    need: TokenNeed,
    nowMs: number,
    { held = NOTHING_HELD, found = this.find(target) }: { held?: Held; found?: ScopePair } = {},
  ): Forecast {
    const atMs = nowMs + this.#offsetMs;
    const more = amountsOfNeed(target.provider, need);
    const verdict: Verdict = {
      headroom: 1,
      isOverThreshold: false,
      closedForMs: 0,
      limitedBy: null,
    };
    const threshold = this.#threshold;
    found.ofModel?.judge(verdict, plus(more, held.target), threshold, atMs);
    found.ofAccount?.judge(verdict, plus(more, held.account), threshold, atMs);
    return verdict;
  }

  inFlight(target: Target, { ofModel } = this.find(target)): number {
    return ofModel?.open.size ?? 0;
  }

  /** Attempts under way at a provider. */
  inFlightAt(provider: ProviderId): number {
    return this.#scopes
      .at(provider, null)
      .filter(({ place }) => place.upstreamModel !== null)
      .reduce((sum, { open }) => sum + open.size, 0);
  }

  /** A stream waits there for its headers. */
  isAwaited(target: Target, { ofModel } = this.find(target)): boolean {
    return ofModel !== undefined && ofModel.waiting.size > 0;
  }

  /** A stream waits there for its headers for far longer than usual. */
  isStalling(target: Target, usualFirstContentMs: number, nowMs: number): boolean {
    const waiting = this.#scopes.ofModel(target)?.waiting;
    return isStalling(waiting?.values() ?? [], usualFirstContentMs, nowMs + this.#offsetMs);
  }

  /** Models of an account that were asked since a moment. */
  modelsSince(provider: ProviderId, account: string, sinceMs: number): readonly string[] {
    return this.#scopes
      .at(provider, account)
      .filter(({ usedAtMs }) => usedAtMs >= sinceMs + this.#offsetMs)
      .flatMap(({ place }) => place.upstreamModel ?? []);
  }

  /** All windows of an account about which something is known. */
  view(provider: ProviderId, account: string, nowMs: number): readonly WindowView[] {
    const atMs = nowMs + this.#offsetMs;
    return this.#scopes.at(provider, account).flatMap((scope) => scope.views(atMs));
  }

  snapshot(nowMs: number): unknown {
    return windowsToJson(this.#scopes.all(), this.#open, nowMs + this.#offsetMs);
  }

  restore(json: unknown, nowMs: number): void {
    this.#scopes.clear();
    this.#open = new OpenAttempts();
    const read = windowsFromJson(json);
    if (read === null) return;
    this.#offsetMs = read.atMs - nowMs;
    for (const { provider, account, upstreamModel, ...rest } of read.scopes) {
      const place = { provider, account, upstreamModel };
      loadScope(this.#scopes.scope(place), { ...place, ...rest });
    }
    this.#open.load(read.attempts, read.sequence);
    for (const attempt of read.attempts) {
      // Without `of`, which would put them at the end: a copy has the same order.
      const { attemptId, target, isWaiting } = attempt;
      this.#scopes.ofModel(target)?.reopened(attemptId, attempt, isWaiting);
      this.#scopes.ofAccount(target)?.reopened(attemptId, attempt, isWaiting);
    }
  }

  #heard(attempt: OpenAttempt): void {
    attempt.isWaiting = false;
    this.#scopes.ofModel(attempt.target)?.waiting.delete(attempt.attemptId);
    this.#scopes.ofAccount(attempt.target)?.waiting.delete(attempt.attemptId);
  }

  #settle(
    { attemptId, target }: AttemptAt,
    attempt: CountedAttempt & Partial<OpenAttempt>,
    { real, atMs }: { real: Amounts | null; atMs: number },
  ): void {
    const took = real ?? { ...attempt.reserved, requests: 1, outputTokens: 0 };
    for (const scope of this.#scopes.of(attempt.target ?? target)) {
      scope.ended(attemptId, attempt, took, atMs);
    }
  }

  // Attempts that never end must not hold their reservation for ever.
  #dropOverdue(atMs: number): void {
    for (let old = this.#open.overdue(atMs); old; old = this.#open.overdue(atMs)) {
      this.#open.remove(old.attemptId);
      this.#settle(old, old, { real: null, atMs });
    }
  }
}

const ONLY_A_REQUEST: Amounts = { requests: 1, inputTokens: 0, outputTokens: 0 };
