import { LIMITS } from '../../config/limits.ts';
import { createRateWindows, type RateWindows } from '../../sandbox/rate-windows.ts';
import type { HeaderPair } from '../../schemas/envelope.ts';
import type { FailureKind } from '../../schemas/observation.ts';
import { NO_USAGE, type Usage } from '../../schemas/usage.ts';
import type { Turn } from './day.ts';
import type { Fault } from './faults.ts';
import { limitHeaders } from './limit-headers.ts';
import { DAY_START_MS, type ProviderProfile } from './providers.ts';
import { between, createRandom, logNormal, type Random } from './random.ts';

/** What will become of one call. Milliseconds from its start. */
export interface Call {
  /** When the status comes, or it is clear that none will. */
  readonly headersMs: number;
  /** Null = none comes. */
  readonly status: number | null;
  readonly headers: readonly HeaderPair[];
  /** Null = there is none. */
  readonly firstContentMs: number | null;
  readonly durationMs: number;
  /** Null = a whole answer. */
  readonly failure: FailureKind | null;
  readonly usage: Usage;
}

/** Who asks, and when. */
export interface Asking {
  readonly turn: Turn;
  /** Makes its luck its own, whoever else asks. */
  readonly attemptId: string;
  /** How long an answer may take to begin. */
  readonly patienceMs: number;
  readonly nowMs: number;
}

interface Cached {
  readonly tokens: number;
  readonly untilMs: number;
}

/** Below this nothing is cached. Source: Anthropic's page on prompt caching. */
const CACHEABLE_TOKENS_MIN = 1_024;
const CACHED_PREFILL_FACTOR = 15;
const OVERLOADED_ALWAYS = 0.001;
const BROKEN_ALWAYS = 0.0005;
const OVERLOADED_IN_BROWN_OUT = 0.3;
const STALLED_IN_STALLS = 0.04;
/** Of the stalls those that come before the headers. */
const STALLED_AT_ONCE = 0.7;
const SLOW_FIRST_CONTENT = 4;
const SLOW_TOKENS = 3;
const REFUSAL_MS = 140;

/** One provider as it is today: its speed, limits, prompt caches and faults. */
export class Upstream {
  readonly profile: ProviderProfile;
  readonly #faults: readonly Fault[];
  readonly #seed: number;
  readonly #phase: number;
  readonly #windows: RateWindows;
  readonly #caches = new Map<string, Cached>();
  #inFlight = 0;

  constructor(profile: ProviderProfile, faults: readonly Fault[], seed: number) {
    this.profile = profile;
    this.#faults = faults.filter(({ provider }) => provider === profile.target.provider);
    this.#seed = seed;
    this.#phase = createRandom('phase', seed, profile.target.provider)();
    this.#windows = createRateWindows(profile.limits, DAY_START_MS);
  }

  /** Takes a call: all that will come of it. `ended` must follow. */
  take(asking: Asking): Call {
    const { nowMs, attemptId, turn } = asking;
    const random = createRandom('call', this.#seed, attemptId);
    const luck = { refused: random(), broken: random() };
    const call =
      this.#refused(asking, random, luck.refused) ?? this.#answered(asking, random, luck.broken);
    this.#inFlight += 1;
    if (call.status === 200) this.#cache(turn, nowMs + (call.firstContentMs ?? call.headersMs));
    return call;
  }

  /** The call is over. */
  ended(call: Call, nowMs: number): void {
    this.#inFlight -= 1;
    this.#windows.spend(call.usage.outputTokens, nowMs);
  }

  #refused(asking: Asking, random: Random, luck: number): Call | null {
    const { nowMs, turn } = asking;
    const refusal = (
      status: number | null,
      failure: FailureKind,
      headers: readonly HeaderPair[] = [],
    ): Call => {
      const headersMs = REFUSAL_MS * between(random, 0.6, 1.8);
      const rest = { headers, firstContentMs: null, usage: NO_USAGE };
      return { headersMs, durationMs: headersMs, status, failure, ...rest };
    };
    if (this.#has('outage', nowMs)) {
      return luck < 0.5 ? refusal(503, 'overloaded') : refusal(null, 'connection');
    }
    const overloaded = this.#has('brown-out', nowMs) ? OVERLOADED_IN_BROWN_OUT : OVERLOADED_ALWAYS;
    if (luck < overloaded) return refusal(529, 'overloaded');
    const { isCacheFree, dialect } = this.profile;
    const counted = turn.promptTokens - (isCacheFree ? this.#read(turn, nowMs) : 0);
    const exceeded = this.#windows.take(counted, nowMs);
    if (exceeded === null) return null;
    const at = { retryAfterMs: exceeded.retryAfterMs, nowMs };
    return refusal(429, 'rate_limited', limitHeaders(dialect, this.#windows, at));
  }

  #answered({ turn, nowMs, patienceMs }: Asking, random: Random, luck: number): Call {
    const headers = limitHeaders(this.profile.dialect, this.#windows, {
      retryAfterMs: null,
      nowMs,
    });
    const { firstContentMs, msPerToken } = this.#speed(turn, nowMs, random);
    const usage = this.#usage(turn, nowMs);
    const isStalled = this.#has('stalls', nowMs) && luck < STALLED_IN_STALLS;
    if (isStalled && luck < STALLED_IN_STALLS * STALLED_AT_ONCE) {
      const rest = { headers: [], firstContentMs: null, usage: NO_USAGE };
      return {
        headersMs: patienceMs,
        durationMs: patienceMs,
        status: null,
        failure: 'timeout',
        ...rest,
      };
    }
    const whole = { headersMs: firstContentMs * 0.8, status: 200, headers, firstContentMs };
    const isBroken = luck > 1 - BROKEN_ALWAYS;
    if (!isStalled && !isBroken) {
      const durationMs = firstContentMs + turn.outputTokens * msPerToken;
      return { ...whole, durationMs, failure: null, usage };
    }
    const outputTokens = Math.round(turn.outputTokens * random());
    const silenceMs = isStalled ? LIMITS.upstreamIdleMsMax : 0;
    return {
      ...whole,
      durationMs: firstContentMs + outputTokens * msPerToken + silenceMs,
      failure: isStalled ? 'timeout' : 'server_error',
      usage: { ...usage, outputTokens },
    };
  }

  #speed(
    turn: Turn,
    nowMs: number,
    random: Random,
  ): { firstContentMs: number; msPerToken: number } {
    const { profile } = this;
    const isSlow = this.#has('slow', nowMs);
    const pace = this.#pace(nowMs) * (1 + this.#inFlight / profile.halvedBy);
    const read = this.#read(turn, nowMs);
    const prefill = turn.promptTokens - read + read / CACHED_PREFILL_FACTOR;
    const first = profile.firstContentMs * logNormal(random, 1, 0.35);
    const firstContentMs = (first + (prefill / profile.prefillTokensPerSecond) * 1_000) * pace;
    const msPerToken = (1_000 / (profile.outputTokensPerSecond * logNormal(random, 1, 0.2))) * pace;
    return {
      firstContentMs: firstContentMs * (isSlow ? SLOW_FIRST_CONTENT : 1),
      msPerToken: msPerToken * (isSlow ? SLOW_TOKENS : 1),
    };
  }

  // Others use it too: some ups and downs, and America's working day begins in Europe's afternoon.
  #pace(nowMs: number): number {
    const hours = (nowMs - DAY_START_MS) / 3_600_000;
    const waves =
      Math.sin(2 * Math.PI * (hours / 1.7 + this.#phase)) + Math.sin(hours * 9 + this.#phase * 40);
    const afternoon = Math.min(1, Math.max(0, (hours - 5.5) / 1.5));
    return 1 + 0.06 * waves + 0.2 * afternoon;
  }

  #usage(turn: Turn, nowMs: number): Usage {
    const { promptTokens, outputTokens } = turn;
    const isCached = turn.cacheTtlMs > 0 && promptTokens >= CACHEABLE_TOKENS_MIN;
    if (!isCached) return { ...NO_USAGE, inputTokens: promptTokens, outputTokens };
    const read = this.#read(turn, nowMs);
    return {
      ...NO_USAGE,
      cacheReadInputTokens: read,
      cacheCreation5mInputTokens: promptTokens - read,
      outputTokens,
    };
  }

  #read(turn: Turn, nowMs: number): number {
    if (turn.cacheTtlMs === 0) return 0;
    const cached = this.#caches.get(conversationKey(turn));
    if (cached === undefined || cached.untilMs < nowMs) return 0;
    return Math.min(cached.tokens, turn.knownTokens);
  }

  #cache(turn: Turn, atMs: number): void {
    if (turn.cacheTtlMs === 0 || turn.promptTokens < CACHEABLE_TOKENS_MIN) return;
    const untilMs = atMs + turn.cacheTtlMs;
    this.#caches.set(conversationKey(turn), { tokens: turn.promptTokens, untilMs });
  }

  #has(kind: Fault['kind'], nowMs: number): boolean {
    const atMs = nowMs - DAY_START_MS;
    return this.#faults.some(
      (each) => each.kind === kind && atMs >= each.fromMs && atMs < each.toMs,
    );
  }
}

function conversationKey({ sessionId, agentId }: Turn): string {
  return `${sessionId}/${agentId ?? ''}`;
}
