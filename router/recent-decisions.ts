import { LIMITS } from '../config/limits.ts';
import type { Explanation } from '../schemas/routing.ts';
import type { Decision } from './decide.ts';

/** The last decisions of a router, explained when somebody asks: a decision holds what it was made from. */
export class RecentDecisions {
  readonly #ring: Decision[] = [];
  #made = 0;

  /** Decisions ever added. */
  get made(): number {
    return this.#made;
  }

  add(decision: Decision): void {
    this.#ring[this.#made % LIMITS.recentDecisionsMax] = decision;
    this.#made += 1;
  }

  /** Newest first, at most `recentCandidatesMax` candidates in all. */
  explained(): readonly Explanation[] {
    const next = this.#made % LIMITS.recentDecisionsMax;
    const newestFirst = [...this.#ring.slice(next), ...this.#ring.slice(0, next)].reverse();
    const told: Explanation[] = [];
    let candidates = 0;
    for (const decision of newestFirst) {
      const explanation = decision.explain();
      candidates += explanation.candidates.length;
      if (candidates > LIMITS.recentCandidatesMax) break;
      told.push(explanation);
    }
    return told;
  }
}
