import { LIMITS } from '../../config/limits.ts';
import type { Target } from '../../schemas/target.ts';

/** Gives equal targets the same object: what is remembered per object is then found. */
export class InternedTargets {
  readonly #targets = new Map<string, Target>();
  /** What one attempt tells comes in a row: most texts need not be put together and hashed. */
  #last: Target | null = null;

  intern(target: Target): Target {
    if (this.#last === null || !isSame(this.#last, target)) this.#last = this.#find(target);
    return this.#last;
  }

  #find({ provider, account, upstreamModel }: Target): Target {
    const key = `${provider}/${account}/${upstreamModel}`;
    const known = this.#targets.get(key);
    if (known !== undefined) return known;
    const target = { provider, account, upstreamModel };
    if (this.#targets.size >= LIMITS.rateScopesMax) this.#targets.clear();
    this.#targets.set(key, target);
    return target;
  }
}

function isSame(one: Target, other: Target): boolean {
  return (
    one.upstreamModel === other.upstreamModel &&
    one.account === other.account &&
    one.provider === other.provider
  );
}
