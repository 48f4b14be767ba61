import { LIMITS } from '../../config/limits.ts';
import { accountKey, type Target, targetKey } from '../../schemas/target.ts';
import type { TokenNeed } from '../knowledge.ts';
import { type Amounts, amountsOfNeed, minus, NO_AMOUNTS, plus } from './window-amounts.ts';
import type { Held } from './windows.ts';

interface Reservation {
  readonly target: Target;
  readonly amounts: Amounts;
  readonly untilMs: number;
}

/**
 * What this router's own decisions will take, until their attempts report or two seconds are over: decisions made at
 * once must not all see the same empty window. One per request, the last.
 */
export class Reservations {
  /** By request id, in the order of their end. */
  readonly #held = new Map<string, Reservation>();
  /** Sums by target, and by account. */
  readonly #sums = new Map<string, Amounts>();

  reserve(requestId: string, target: Target, need: TokenNeed, nowMs: number): void {
    this.release(requestId);
    this.#dropOld(nowMs);
    const amounts = amountsOfNeed(target.provider, need);
    this.#held.set(requestId, { target, amounts, untilMs: nowMs + LIMITS.reservationMsMax });
    for (const key of keysOf(target)) this.#sums.set(key, plus(this.#sum(key), amounts));
    const [oldest] = this.#held.keys();
    if (this.#held.size > LIMITS.reservationsMax && oldest !== undefined) this.release(oldest);
  }

  /** The attempt reports by itself now. */
  release(requestId: string): void {
    const held = this.#held.get(requestId);
    if (held === undefined) return;
    this.#held.delete(requestId);
    for (const key of keysOf(held.target)) {
      const left = minus(this.#sum(key), held.amounts);
      if (left.requests > 0) this.#sums.set(key, left);
      else this.#sums.delete(key);
    }
  }

  held(target: Target, nowMs: number): Held {
    this.#dropOld(nowMs);
    if (this.#held.size === 0) return NOTHING;
    return { target: this.#sum(targetKey(target)), account: this.#sum(accountKey(target)) };
  }

  /** Decisions for this target that are held. */
  count(target: Target): number {
    return this.#sum(targetKey(target)).requests;
  }

  #sum(key: string): Amounts {
    return this.#sums.get(key) ?? NO_AMOUNTS;
  }

  #dropOld(nowMs: number): void {
    for (const [requestId, { untilMs }] of this.#held) {
      if (untilMs > nowMs) return;
      this.release(requestId);
    }
  }
}

const NOTHING: Held = { target: NO_AMOUNTS, account: NO_AMOUNTS };

function keysOf(target: Target): readonly string[] {
  return [targetKey(target), accountKey(target)];
}
