import { LIMITS } from '../../config/limits.ts';
import type { Target } from '../../schemas/target.ts';

/** Gives equal targets the same object: what is remembered per object is then found. */
export class InternedTargets {
  readonly #targets = new Map<string, Target>();

  intern({ provider, account, upstreamModel }: Target): Target {
    const key = `${provider}/${account}/${upstreamModel}`;
    const known = this.#targets.get(key);
    if (known !== undefined) return known;
    const target = { provider, account, upstreamModel };
    if (this.#targets.size >= LIMITS.rateScopesMax) this.#targets.clear();
    this.#targets.set(key, target);
    return target;
  }
}
