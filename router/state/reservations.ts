import { LIMITS } from '../../config/limits.ts';
import { accountKey, type Target, targetKey } from '../../schemas/target.ts';
import type { TokenNeed } from '../knowledge.ts';
import { type Amounts, amountsOfNeed, minus, NO_AMOUNTS, plus } from './window-amounts.ts';
import type { Held } from './windows.ts';

/** What a target and its account are called, see `schemas/target.ts`. */
export interface TargetKeys {
  readonly target: string;
  readonly account: string;
}

interface Reservation {
  readonly requestId: string;
  readonly keys: TargetKeys;
  readonly amounts: Amounts;
  readonly untilMs: number;
}

/**
 * What this router's own decisions will take, until their attempts report or two seconds are over: decisions made at
 * once must not all see the same empty window. One per request, the last. A request that is to wait holds it meanwhile.
 */
export class Reservations {
  readonly #held = new Map<string, Reservation>();
  /** The same, in the order of their end. */
  readonly #ending: Reservation[] = [];
  /** Sums by target, and by account. */
  readonly #sums = new Map<string, Amounts>();

  /** `waitMs`: how long the request waits before it goes there. */
  reserve(
    requestId: string,
    target: Target,
    { need, waitMs = 0 }: { need: TokenNeed; waitMs?: number },
    nowMs: number,
  ): void {
    this.release(requestId);
    this.#dropOld(nowMs);
    const keys = { target: targetKey(target), account: accountKey(target) };
    const amounts = amountsOfNeed(target.provider, need);
    const untilMs = nowMs + waitMs + LIMITS.reservationMsMax;
    const held = { requestId, keys, amounts, untilMs };
    this.#held.set(requestId, held);
    this.#ending.splice(this.#placeOf(untilMs), 0, held);
    for (const key of [keys.target, keys.account]) {
      this.#sums.set(key, plus(this.#sum(key), amounts));
    }
    const [soonest] = this.#ending;
    if (this.#held.size > LIMITS.reservationsMax && soonest !== undefined)
      this.release(soonest.requestId);
  }

  /** The attempt reports by itself now. */
  release(requestId: string): void {
    const held = this.#held.get(requestId);
    if (held === undefined) return;
    this.#held.delete(requestId);
    this.#ending.splice(this.#ending.indexOf(held, this.#placeOf(held.untilMs - 1)), 1);
    for (const key of [held.keys.target, held.keys.account]) {
      const left = minus(this.#sum(key), held.amounts);
      if (left.requests > 0) this.#sums.set(key, left);
      else this.#sums.delete(key);
    }
  }

  held(keys: TargetKeys, nowMs: number): Held {
    this.#dropOld(nowMs);
    if (this.#held.size === 0) return NOTHING;
    return { target: this.#sum(keys.target), account: this.#sum(keys.account) };
  }

  /** Decisions for this target that are held. */
  count(keys: TargetKeys): number {
    return this.#held.size === 0 ? 0 : this.#sum(keys.target).requests;
  }

  #sum(key: string): Amounts {
    return this.#sums.get(key) ?? NO_AMOUNTS;
  }

  #dropOld(nowMs: number): void {
    for (;;) {
      const [soonest] = this.#ending;
      if (soonest === undefined || soonest.untilMs > nowMs) return;
      this.release(soonest.requestId);
    }
  }

  // Behind all that end then or sooner.
  #placeOf(untilMs: number): number {
    let low = 0;
    let high = this.#ending.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ending[middle]?.untilMs ?? 0) <= untilMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const NOTHING: Held = { target: NO_AMOUNTS, account: NO_AMOUNTS };
