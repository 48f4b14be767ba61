import { LRUCache } from 'lru-cache';
import { LIMITS } from '../../config/limits.ts';
import { type Target, targetKey } from '../../schemas/target.ts';

/** Longer than this many times what is usual is a stall. */
const USUAL_TIMES = 4;

interface Waiting {
  readonly target: string;
  readonly startMs: number;
}

/** Watches streams that wait for their upstream's headers: a target that leaves one waiting too long is stalling. */
export class Stalls {
  readonly #ofTarget = new Map<string, Map<string, number>>();
  readonly #attempts = new LRUCache<string, Waiting>({
    max: LIMITS.stallsWatchedMax,
    dispose: ({ target }, attemptId) => this.#forget(target, attemptId),
  });

  /** Attempts that are no streams are not watched: their headers come with the whole answer. */
  started(attemptId: string, target: Target, isStream: boolean, nowMs: number): void {
    if (!isStream) return;
    const key = targetKey(target);
    this.#attempts.delete(attemptId);
    this.#attempts.set(attemptId, { target: key, startMs: nowMs });
    const waiting = this.#ofTarget.get(key);
    if (waiting === undefined) this.#ofTarget.set(key, new Map([[attemptId, nowMs]]));
    else waiting.set(attemptId, nowMs);
  }

  /** The headers came. */
  answered(attemptId: string, _nowMs: number): void {
    this.#attempts.delete(attemptId);
  }

  ended(attemptId: string): void {
    this.#attempts.delete(attemptId);
  }

  /**
   * True while a stream has waited for its headers for more than 10 s and more than four times what is usual there.
   * One that has waited for longer than any attempt may has been lost and no longer counts.
   */
  isStalling(target: Target, typicalFirstContentMs: number, nowMs: number): boolean {
    const waiting = this.#ofTarget.get(targetKey(target));
    if (waiting === undefined) return false;
    const patienceMs = Math.max(LIMITS.stallMs, USUAL_TIMES * typicalFirstContentMs);
    // Oldest first.
    for (const startMs of waiting.values()) {
      const ageMs = nowMs - startMs;
      if (ageMs <= LIMITS.firstByteMsMax) return ageMs > patienceMs;
    }
    return false;
  }

  #forget(target: string, attemptId: string): void {
    const waiting = this.#ofTarget.get(target);
    waiting?.delete(attemptId);
    if (waiting?.size === 0) this.#ofTarget.delete(target);
  }
}
