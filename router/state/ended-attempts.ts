import { LIMITS } from '../../config/limits.ts';

/** Attempts that have ended: worker and ingress may both tell of an end, and it counts once. */
export class EndedAttempts {
  // Two halves: the older one is forgotten as a whole, so that nobody has to look for the oldest.
  #newer = new Set<string>();
  #older = new Set<string>();

  /** False = it has ended before. */
  add(attemptId: string): boolean {
    if (this.#older.has(attemptId)) return false;
    const known = this.#newer.size;
    if (this.#newer.add(attemptId).size === known) return false;
    if (known + 1 >= LIMITS.endedAttemptsMax / 2) {
      this.#older = this.#newer;
      this.#newer = new Set();
    }
    return true;
  }

  has(attemptId: string): boolean {
    return this.#newer.has(attemptId) || this.#older.has(attemptId);
  }

  /** The newest ones, as JSON. */
  snapshot(): readonly string[] {
    return [...this.#older, ...this.#newer].slice(-LIMITS.snapshotEndedMax);
  }

  restore(json: unknown): void {
    const ids: readonly unknown[] = Array.isArray(json) ? json : [];
    this.#newer = new Set(ids.filter((id) => typeof id === 'string'));
    this.#older = new Set();
  }
}
