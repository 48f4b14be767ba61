import { LIMITS } from '../../config/limits.ts';

// Counts of one burst follow each other at once; after a pause this long there is no queue to wait for.
const PAUSE_MS = 5;
// Every body is begun, for what its beginning tells of the rest.
const EACH_MS_MIN = 2;

/**
 * Shares the thread's time between bodies that come at once: each gets `tokenCountMsMax`, together they get
 * `tokenBurstMsMax`.
 */
export class CountBudget {
  #burstStartMs = Number.NEGATIVE_INFINITY;
  #lastEndMs = Number.NEGATIVE_INFINITY;

  /** A count begins: in the burst that goes on, or after a pause in another. */
  begin(nowMs: number): void {
    if (nowMs - this.#lastEndMs > PAUSE_MS) this.#burstStartMs = nowMs;
  }

  /** Until when the count that was begun may tokenize from now on; short = less than others have. */
  deadline(nowMs: number): { readonly deadlineMs: number; readonly isShort: boolean } {
    const ownMs = nowMs + LIMITS.tokenCountMsMax;
    const burstEndMs = this.#burstStartMs + LIMITS.tokenBurstMsMax;
    const deadlineMs = Math.max(nowMs + EACH_MS_MIN, Math.min(ownMs, burstEndMs));
    return { deadlineMs, isShort: deadlineMs < ownMs };
  }

  /** The count that was begun has ended. */
  end(nowMs: number): void {
    this.#lastEndMs = nowMs;
  }
}
