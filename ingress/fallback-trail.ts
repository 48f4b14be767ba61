import type { Metrics } from '../bus/metrics.ts';
import type { RouteTarget } from '../schemas/envelope.ts';
import type { ProviderId } from '../schemas/provider.ts';
import type { RelayResult } from './relay.ts';

/** The targets that one exchange went through, in order: counts each step from one to the next. */
export class FallbackTrail {
  readonly #metrics: Pick<Metrics, 'countFallback'>;
  #from: ProviderId | null = null;
  #at: RouteTarget | null = null;
  /** The provider tried first; null before. */
  first: ProviderId | null = null;
  /** Another target than the first was tried. */
  hasFallenBack = false;

  constructor(metrics: Pick<Metrics, 'countFallback'>) {
    this.#metrics = metrics;
  }

  /** A dispatch to `target` leaves. The same one again (after a wait, a full pool, a lost worker) is no fallback. */
  dispatched(target: RouteTarget): void {
    const before = this.#at;
    this.#at = target;
    this.first ??= target.provider;
    const isSame = before?.provider === target.provider && before.account === target.account;
    this.#from = before === null || isSame ? null : before.provider;
    if (this.#from !== null) this.hasFallenBack = true;
  }

  /** The dispatch ended. That of a client who left says nothing. */
  ended(result: RelayResult): void {
    if (this.#from === null || this.#at === null) return;
    if (result.kind === 'done' && result.errorType === 'client_closed') return;
    const isSuccess = result.kind === 'done' && result.errorType === null;
    this.#metrics.countFallback(this.#from, this.#at.provider, isSuccess);
  }
}
