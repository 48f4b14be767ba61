import type { WindowKind, WindowReading } from '../../schemas/observation.ts';
import type { WindowView } from '../../schemas/routing.ts';
import { type Amounts, amountOf, beginning, making } from './window-amounts.ts';
import { WindowCounter } from './window-counter.ts';
import { type Learned, learned, learnedLimit, watchRefusal, watchUse } from './window-learned.ts';
import {
  fitsIn,
  leftOf,
  type Published,
  published,
  type ReadingContext,
} from './window-published.ts';

/** An attempt that counts in windows. */
export interface CountedAttempt {
  readonly startedAtMs: number;
  /** Its place in order. */
  readonly sequence: number;
  /** What it was expected to take. */
  readonly reserved: Amounts;
}

/** What is left of a window after one more request. */
export interface Remainder {
  /** The share of the limit; below 0 when the request does not fit. */
  readonly share: number;
  /** Milliseconds until the request fits; 0 = it does. A learned limit is a guess and keeps nobody out. */
  readonly fitsInMs: number;
}

/** One rate-limit window: our count, the operator's limit, the provider's word, what refusals taught. */
export class WindowState {
  readonly kind: WindowKind;
  readonly periodMs: number;
  readonly counter: WindowCounter;
  readonly isRefilling: boolean;
  readonly configured: number | null;
  published: Published | null = null;
  learned: Learned | null = null;
  closedUntilMs = Number.NEGATIVE_INFINITY;
  /** Answers that are being made. */
  pending = 0;

  constructor(
    kind: WindowKind,
    periodMs: number,
    how: { configured: number | null; isRefilling: boolean },
  ) {
    this.kind = kind;
    this.periodMs = periodMs;
    this.counter = new WindowCounter(periodMs);
    this.configured = how.configured;
    this.isRefilling = how.isRefilling;
  }

  started({ reserved, startedAtMs }: CountedAttempt): void {
    this.counter.add(startedAtMs, beginning(this.kind, reserved));
    this.pending += making(this.kind, reserved);
    if (this.published !== null) this.published.spent += amountOf(this.kind, reserved);
    this.#watch(startedAtMs);
  }

  ended({ reserved, startedAtMs, sequence }: CountedAttempt, real: Amounts, nowMs: number): void {
    const { kind } = this;
    this.counter.add(startedAtMs, beginning(kind, real) - beginning(kind, reserved));
    this.counter.add(nowMs, making(kind, real));
    this.pending = Math.max(0, this.pending - making(kind, reserved));
    if (this.published !== null && sequence > this.published.sequence) {
      const change = amountOf(kind, real) - amountOf(kind, reserved);
      this.published.spent = Math.max(0, this.published.spent + change);
    }
    this.#watch(nowMs);
  }

  /** What attempts that started after one take. */
  amountsSince(open: Iterable<CountedAttempt>, sequence: number): number {
    let sum = 0;
    for (const attempt of open) {
      if (attempt.sequence > sequence) sum += amountOf(this.kind, attempt.reserved);
    }
    return sum;
  }

  read(
    reading: WindowReading,
    context: Omit<ReadingContext, 'counted' | 'periodMs'>,
    nowMs: number,
  ): void {
    const counted = this.counter.sum(nowMs) + this.pending;
    const whole = { ...context, counted, periodMs: this.periodMs };
    this.published = published(this.published, reading, whole, nowMs);
  }

  /** Somebody named its limit. */
  get isKnown(): boolean {
    return this.configured !== null || this.published?.isLimitSaid === true;
  }

  learn(nowMs: number): void {
    this.learned = learned(this.counter.sum(nowMs), this.periodMs, nowMs);
  }

  refused(nowMs: number): void {
    if (this.learned !== null) watchRefusal(this.learned, this.periodMs, nowMs);
  }

  forget(): void {
    this.published = null;
    this.learned = null;
    this.closedUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** Null = no limit is known. */
  after(extra: Amounts, nowMs: number): Remainder | null {
    if (this.configured === null && this.published === null && this.learned === null) return null;
    const more = amountOf(this.kind, extra);
    let share = Number.POSITIVE_INFINITY;
    let fitsInMs = 0;
    if (this.configured !== null) {
      const left = this.configured - this.#used(nowMs) - more;
      share = left / this.configured;
      if (left < 0) fitsInMs = this.counter.freesIn(-left, nowMs);
    }
    const told = this.published === null ? null : leftOf(this.published, this, nowMs);
    if (this.published !== null && told !== null) {
      const left = told - more;
      share = Math.min(share, left / this.published.limit);
      if (left < 0) fitsInMs = Math.max(fitsInMs, fitsIn(this.published, -left, this, nowMs));
    }
    const guess = share === Number.POSITIVE_INFINITY ? learnedLimit(this.learned, nowMs) : null;
    if (guess !== null) share = (guess - this.#used(nowMs) - more) / guess;
    if (share === Number.POSITIVE_INFINITY) return null;
    return { share, fitsInMs };
  }

  view(upstreamModel: string | null, closedForMs: number, nowMs: number): WindowView {
    const { kind, periodMs } = this;
    return { upstreamModel, kind, periodMs, ...this.#standing(nowMs), closedForMs };
  }

  // The limit that binds: the lower one of those that somebody named, else the guess.
  #standing(nowMs: number): Pick<WindowView, 'limit' | 'used' | 'source'> {
    const used = this.#used(nowMs);
    const { configured } = this;
    const told = this.published === null ? null : leftOf(this.published, this, nowMs);
    if (this.published !== null && told !== null) {
      const { limit } = this.published;
      const isLower = configured === null || limit <= configured;
      if (isLower) return { limit, used: Math.max(0, limit - told), source: 'published' };
    }
    if (configured !== null) return { limit: configured, used, source: 'configured' };
    const guess = learnedLimit(this.learned, nowMs);
    return { limit: guess, used, source: guess === null ? 'none' : 'learned' };
  }

  #used(nowMs: number): number {
    return this.counter.sum(nowMs) + this.pending;
  }

  #watch(nowMs: number): void {
    if (this.learned !== null) watchUse(this.learned, this.#used(nowMs), this.periodMs, nowMs);
  }
}
