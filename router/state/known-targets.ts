import { accountKey, type Target, targetKey } from '../../schemas/target.ts';
import type { CircuitPair } from './circuits.ts';
import type { DecayedMean } from './decayed-mean.ts';
import type { TargetKeys } from './reservations.ts';
import type { RoutingParts } from './routing-parts.ts';
import type { SpeedRecord } from './speed-priors.ts';
import type { ScopePair } from './window-scopes.ts';

/** Where everything is that is known about one target. */
export interface KnownTarget {
  readonly keys: TargetKeys;
  readonly circuits: CircuitPair;
  readonly scopes: ScopePair;
  readonly speed: SpeedRecord | null;
  readonly success: DecayedMean | null;
}

/**
 * Looks targets up in all parts of a state at once, and remembers the places per object: a decision asks half a dozen
 * questions about each of its targets, and those are the same objects from decision to decision.
 */
export class KnownTargets {
  readonly #parts: RoutingParts;
  #known = new WeakMap<Target, KnownTarget>();
  #revision = -1;
  #last: { readonly target: Target; readonly known: KnownTarget } | null = null;

  constructor(parts: RoutingParts) {
    this.#parts = parts;
  }

  of(target: Target): KnownTarget {
    this.#forgetOld();
    if (this.#last?.target === target) return this.#last.known;
    let known = this.#known.get(target);
    if (known === undefined) {
      known = this.#find(target);
      this.#known.set(target, known);
    }
    this.#last = { target, known };
    return known;
  }

  #find(target: Target): KnownTarget {
    const { circuits, windows, speeds, successes } = this.#parts;
    return {
      keys: { target: targetKey(target), account: accountKey(target) },
      circuits: circuits.find(target),
      scopes: windows.find(target),
      speed: speeds.find(target),
      success: successes.find(target),
    };
  }

  // Each of them only grows: while the sum is the same, all are.
  #forgetOld(): void {
    const { circuits, windows, speeds, successes } = this.#parts;
    const revision = circuits.revision + windows.revision + speeds.revision + successes.revision;
    if (revision === this.#revision) return;
    this.#revision = revision;
    this.#known = new WeakMap();
    this.#last = null;
  }
}
