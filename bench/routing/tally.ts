import { costOf } from '../../config/prices/cost.ts';
import type { AttemptEnded } from '../../schemas/observation.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import type { Turn } from './day.ts';
import { DAY_START_MS, PRICES } from './providers.ts';

/** What a day came to. Times in milliseconds. */
export interface DayResult {
  readonly usd: number;
  /** Of all prompt tokens those that were read from a cache, 0 to 1. */
  readonly cachedShare: number;
  readonly firstContentMs: Quantiles;
  readonly totalMs: Quantiles;
  /** Turns that were answered, those beside the conversations included. */
  readonly turns: number;
  /** Turns that the client gave up. */
  readonly lost: number;
  readonly attempts: number;
  /** Answers to the client that were errors or ended in one. */
  readonly visibleErrors: number;
  /** Those of them that had begun: nobody could have fallen over. */
  readonly brokenAnswers: number;
  readonly failedAttempts: number;
  readonly rateLimits: number;
  readonly switchesPerSession: number;
  /** From one provider to another and back within five minutes. */
  readonly flaps: number;
  /** Answers by provider. */
  readonly answers: ReadonlyMap<ProviderId, number>;
}

/** Half of them are lower than the first, 95 % lower than the second. */
export interface Quantiles {
  readonly median: number;
  readonly p95: number;
}

interface Place {
  readonly provider: ProviderId;
  readonly before: ProviderId | null;
  readonly sinceMs: number;
}

const FLAP_MS = 300_000;
const PICODOLLARS = 1e12;
const WAITED_FOR: ReadonlySet<Turn['requestClass']> = new Set(['main', 'subagent', 'compaction']);

/** Counts what happens on a day. */
export class Tally {
  #picodollars = 0n;
  #promptTokens = 0;
  #cachedTokens = 0;
  readonly #firstContentMs: number[] = [];
  readonly #totalMs: number[] = [];
  #turns = 0;
  #lost = 0;
  #attempts = 0;
  #visibleErrors = 0;
  #brokenAnswers = 0;
  #failedAttempts = 0;
  #rateLimits = 0;
  #switches = 0;
  #flaps = 0;
  readonly #sessions = new Set<string>();
  readonly #places = new Map<string, Place>();
  readonly #answers = new Map<ProviderId, number>();

  /** An attempt is over: what it took is paid. */
  attempt(ended: AttemptEnded): void {
    const { usage, provider, upstreamModel, failure } = ended;
    const context = { provider, upstreamModel, responseModel: null, raw: null, atMs: DAY_START_MS };
    this.#picodollars += costOf(usage, context, PRICES).picodollars;
    const written = usage.inputTokens + usage.cacheCreation5mInputTokens;
    this.#promptTokens += written + usage.cacheReadInputTokens;
    this.#cachedTokens += usage.cacheReadInputTokens;
    this.#attempts += 1;
    if (failure !== null) this.#failedAttempts += 1;
    if (failure === 'rate_limited') this.#rateLimits += 1;
  }

  /** The client got an error. */
  error(hasBegun: boolean): void {
    this.#visibleErrors += 1;
    if (hasBegun) this.#brokenAnswers += 1;
  }

  /** The client gave up. */
  lose(): void {
    this.#lost += 1;
  }

  /** The client got its answer. Times from when it first asked for it; those of side calls nobody waits for. */
  answered(
    turn: Turn,
    at: { provider: ProviderId; firstContentMs: number; totalMs: number; nowMs: number },
  ): void {
    this.#turns += 1;
    this.#sessions.add(turn.sessionId);
    this.#answers.set(at.provider, (this.#answers.get(at.provider) ?? 0) + 1);
    if (!WAITED_FOR.has(turn.requestClass)) return;
    this.#firstContentMs.push(at.firstContentMs);
    this.#totalMs.push(at.totalMs);
    this.#moved(turn, at);
  }

  /** What it came to. */
  result(): DayResult {
    return {
      usd: Number(this.#picodollars) / PICODOLLARS,
      cachedShare: this.#cachedTokens / Math.max(1, this.#promptTokens),
      firstContentMs: quantiles(this.#firstContentMs),
      totalMs: quantiles(this.#totalMs),
      turns: this.#turns,
      lost: this.#lost,
      attempts: this.#attempts,
      visibleErrors: this.#visibleErrors,
      brokenAnswers: this.#brokenAnswers,
      failedAttempts: this.#failedAttempts,
      rateLimits: this.#rateLimits,
      switchesPerSession: this.#switches / Math.max(1, this.#sessions.size),
      flaps: this.#flaps,
      answers: this.#answers,
    };
  }

  #moved(turn: Turn, { provider, nowMs }: { provider: ProviderId; nowMs: number }): void {
    const conversation = `${turn.sessionId}/${turn.agentId ?? ''}`;
    const place = this.#places.get(conversation);
    if (place?.provider === provider) return;
    const before = place?.provider ?? null;
    this.#places.set(conversation, { provider, before, sinceMs: nowMs });
    if (place === undefined) return;
    this.#switches += 1;
    if (place.before === provider && nowMs - place.sinceMs <= FLAP_MS) this.#flaps += 1;
  }
}

function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
  return { median: at(0.5), p95: at(0.95) };
}
