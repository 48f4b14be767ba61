import type { FailureKind, WindowReading } from '../../../schemas/observation.ts';
import { oneOf, wholeFrom } from './seeded-random.ts';

const MINUTE_MS = 60_000;
const FAULTS = [
  'rate_limited',
  'overloaded',
  'server_error',
  'stall',
  'connection',
  'credential',
] as const;
type Weather = 'well' | (typeof FAULTS)[number];

/** What becomes of one attempt. Milliseconds from its start. */
export interface SimulatedAnswer {
  readonly failure: FailureKind | null;
  /** Null = it never answered. */
  readonly status: number | null;
  readonly headersMs: number | null;
  readonly endMs: number;
  readonly retryAfterMs: number | null;
  readonly windows: readonly WindowReading[];
}

const STATUS = { overloaded: 529, server_error: 500, credential: 401 } as const;

/**
 * A provider that is well and ill by turns, and may have a rate limit of its own, with headers or without.
 * Time may jump, but not back.
 */
export class SimulatedProvider {
  readonly #random: () => number;
  readonly #limit: number | null;
  readonly #isPublishing: boolean;
  #weather: Weather = 'well';
  #untilMs: number;
  #periodStartMs = Number.NEGATIVE_INFINITY;
  #asked = 0;
  #changes = 0;

  constructor(random: () => number, nowMs: number) {
    this.#random = random;
    this.#limit = random() < 0.3 ? wholeFrom(random, 3, 20) : null;
    this.#isPublishing = random() < 0.5;
    this.#untilMs = nowMs + wholeFrom(random, 0, 40_000);
  }

  /** Of its credentials; another one after a refused one was replaced. */
  fingerprintAt(nowMs: number): string {
    this.#turn(nowMs);
    return `print-${this.#changes}`;
  }

  answer(nowMs: number): SimulatedAnswer {
    this.#turn(nowMs);
    const delayMs = wholeFrom(this.#random, 1, 400);
    switch (this.#weather) {
      case 'well':
        return this.#well(nowMs, delayMs);
      case 'rate_limited':
        return this.#refusal(delayMs, this.#isPublishing ? this.#untilMs - nowMs : null);
      case 'stall':
        return { ...NOTHING, failure: 'timeout', endMs: 30_000 };
      case 'connection':
        return { ...NOTHING, failure: 'connection', endMs: delayMs };
      default: {
        const status = STATUS[this.#weather];
        const answer = { status, headersMs: delayMs, endMs: delayMs };
        return { ...NOTHING, failure: this.#weather, ...answer };
      }
    }
  }

  #well(nowMs: number, delayMs: number): SimulatedAnswer {
    if (nowMs - this.#periodStartMs >= MINUTE_MS) {
      this.#periodStartMs = nowMs;
      this.#asked = 0;
    }
    const resetInMs = this.#periodStartMs + MINUTE_MS - nowMs;
    this.#asked += 1;
    if (this.#limit !== null && this.#asked > this.#limit) return this.#refusal(delayMs, resetInMs);
    const endMs = delayMs + wholeFrom(this.#random, 100, 6_000);
    const windows = this.#readings(resetInMs);
    return { ...NOTHING, status: 200, headersMs: delayMs, endMs, windows };
  }

  #refusal(delayMs: number, resetInMs: number | null): SimulatedAnswer {
    const retryAfterMs = this.#random() < 0.5 ? resetInMs : null;
    const windows = resetInMs === null ? [] : this.#readings(resetInMs);
    const answer = { status: 429, headersMs: delayMs, endMs: delayMs, retryAfterMs, windows };
    return { ...NOTHING, failure: 'rate_limited', ...answer };
  }

  #readings(resetInMs: number): readonly WindowReading[] {
    const limit = this.#limit;
    if (limit === null || !this.#isPublishing) return [];
    const remaining = Math.max(0, limit - this.#asked);
    const told = { periodMs: MINUTE_MS, limit, remaining, resetInMs };
    return [{ kind: 'requests', scope: 'account', ...told }];
  }

  #turn(nowMs: number): void {
    while (nowMs >= this.#untilMs) {
      if (this.#weather === 'credential') this.#changes += 1;
      this.#weather = this.#weather === 'well' ? oneOf(this.#random, FAULTS) : 'well';
      this.#untilMs += wholeFrom(this.#random, 500, 40_000);
      // After a jump of the clock nobody asks what the weather was meanwhile.
      if (nowMs - this.#untilMs > 10 * MINUTE_MS) this.#untilMs = nowMs - MINUTE_MS;
    }
  }
}

const NOTHING: SimulatedAnswer = {
  failure: null,
  status: null,
  headersMs: null,
  endMs: 0,
  retryAfterMs: null,
  windows: [],
};
