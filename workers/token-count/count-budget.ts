import { LIMITS } from '../../config/limits.ts';

// Counts of one burst follow each other at once; after a pause this long there is no queue to wait for.
const PAUSE_MS = 2;
// Every body is begun, for what its beginning tells of the rest.
const EACH_MS_MIN = 2;

/**
 * Shares the thread's time between bodies that come at once: each gets `tokenCountMsMax`, together they get
 * `tokenBurstMsMax`.
 */
export class CountBudget {
  #burstStartMs = Number.NEGATIVE_INFINITY;
  #lastEndMs = Number.NEGATIVE_INFINITY;

  /** The moment until which a count that begins now may tokenize. */
  begin(nowMs: number): number {
    if (nowMs - this.#lastEndMs > PAUSE_MS) this.#burstStartMs = nowMs;
    const burstEndMs = this.#burstStartMs + LIMITS.tokenBurstMsMax;
    return Math.max(nowMs + EACH_MS_MIN, Math.min(nowMs + LIMITS.tokenCountMsMax, burstEndMs));
  }

  /** The count that was begun has ended. */
  end(nowMs: number): void {
    this.#lastEndMs = nowMs;
  }
}
