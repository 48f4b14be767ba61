import { LIMITS } from '../../config/limits.ts';
import type { Target } from '../../schemas/target.ts';
import { NO_AMOUNTS } from './window-amounts.ts';
import type { CountedAttempt } from './window-state.ts';

/** An attempt that has started and not ended. */
export interface OpenAttempt extends CountedAttempt {
  readonly attemptId: string;
  readonly target: Target;
  /** A stream whose upstream has not answered. */
  isWaiting: boolean;
}

/** The attempts that are open, in the order of their start. */
export class OpenAttempts {
  readonly #open = new Map<string, OpenAttempt>();
  #sequence = 0;

  /** The place in order that was given last. */
  get sequence(): number {
    return this.#sequence;
  }

  get(attemptId: string): OpenAttempt | undefined {
    return this.#open.get(attemptId);
  }

  add(attempt: Omit<OpenAttempt, 'sequence'>): OpenAttempt {
    this.#sequence += 1;
    const placed = { ...attempt, sequence: this.#sequence };
    this.#open.set(attempt.attemptId, placed);
    return placed;
  }

  /** One whose start nobody told: it begins now and holds nothing. */
  stranger(nowMs: number): CountedAttempt {
    this.#sequence += 1;
    return { startedAtMs: nowMs, sequence: this.#sequence, reserved: NO_AMOUNTS };
  }

  /** When the attempt started; of an unknown one: now, after all others. */
  origin(attemptId: string, nowMs: number): { startedAtMs: number; sequence: number } {
    return this.#open.get(attemptId) ?? { startedAtMs: nowMs, sequence: this.#sequence };
  }

  remove(attemptId: string): OpenAttempt | undefined {
    const found = this.#open.get(attemptId);
    this.#open.delete(attemptId);
    return found;
  }

  /** The oldest one, when it is too old or there are too many. */
  overdue(nowMs: number): OpenAttempt | undefined {
    const [oldest] = this.#open.values();
    if (oldest === undefined) return undefined;
    const isOld = nowMs - oldest.startedAtMs >= LIMITS.openAttemptMsMax;
    return isOld || this.#open.size > LIMITS.openAttemptsMax ? oldest : undefined;
  }

  all(): Iterable<OpenAttempt> {
    return this.#open.values();
  }

  /** The newest ones, oldest first. */
  newest(countMax: number): readonly OpenAttempt[] {
    return [...this.#open.values()].slice(-countMax);
  }

  load(attempts: readonly OpenAttempt[], sequence: number): void {
    for (const attempt of attempts) this.#open.set(attempt.attemptId, attempt);
    this.#sequence = Math.max(sequence, ...attempts.map((attempt) => attempt.sequence));
  }
}
