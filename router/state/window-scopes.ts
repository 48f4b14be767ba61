import { LRUCache } from 'lru-cache';
import { matchesGlob } from '../../config/glob.ts';
import { LIMITS } from '../../config/limits.ts';
import type { ConfiguredWindow, RateLimit } from '../../config/load-rate-limits.ts';
import { createMemory } from '../../config/memory.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import { accountKey, type Target, targetKey } from '../../schemas/target.ts';
import { type ScopePlace, WindowScope } from './window-scope.ts';

/** The windows that say something about a target; undefined = nothing is known that could keep a request out. */
export interface ScopePair {
  readonly ofModel: WindowScope | undefined;
  readonly ofAccount: WindowScope | undefined;
}

/** The windows of every account and of every model of an account, the ones used last at the end. */
export class WindowScopes {
  readonly #rateLimits: readonly RateLimit[];
  readonly #configured = createMemory<readonly ConfiguredWindow[]>(LIMITS.rateScopesMax);
  readonly #scopes = new LRUCache<string, WindowScope>({ max: LIMITS.rateScopesMax });
  #revision = 0;

  constructor(rateLimits: readonly RateLimit[]) {
    this.#rateLimits = rateLimits;
  }

  /** Grows when what `find` gave may no longer be it. */
  get revision(): number {
    return this.#revision;
  }

  /** Where the windows are that say something about a target; they hold until `revision` grows. */
  find(target: Target): ScopePair {
    return { ofModel: this.ofModel(target), ofAccount: this.ofAccount(target) };
  }

  /** Both kinds of windows in which an attempt there counts; made when there are none. */
  of(target: Target): readonly [WindowScope, WindowScope] {
    const { provider, account, upstreamModel } = target;
    return [
      this.#scopes.get(targetKey(target)) ?? this.scope({ provider, account, upstreamModel }),
      this.#scopes.get(accountKey(target)) ??
        this.scope({ provider, account, upstreamModel: null }),
    ];
  }

  /** One kind of windows; made when there are none. */
  scope(place: ScopePlace): WindowScope {
    const key = keyOf(place);
    const known = this.#scopes.get(key);
    if (known !== undefined) return known;
    const scope = new WindowScope(place, this.#limitsOf(key, place));
    this.#scopes.set(key, scope);
    this.#revision += 1;
    return scope;
  }

  /** The windows of an account's model; undefined = nothing is known that could keep a request out. */
  ofModel(target: Target): WindowScope | undefined {
    const key = targetKey(target);
    return this.#scopes.peek(key) ?? this.#unused(key, target, false);
  }

  /** The same for the windows that an account's models share. */
  ofAccount(target: Target): WindowScope | undefined {
    const key = accountKey(target);
    return this.#scopes.peek(key) ?? this.#unused(key, target, true);
  }

  /** Those of a provider; account null = of all its accounts. */
  at(provider: ProviderId, account: string | null): readonly WindowScope[] {
    return this.all().filter(
      ({ place }) => place.provider === provider && (account === null || place.account === account),
    );
  }

  all(): readonly WindowScope[] {
    return [...this.#scopes.rvalues()].filter((scope) => scope !== undefined);
  }

  clear(): void {
    this.#revision += 1;
    this.#scopes.clear();
  }

  // Nobody asked there yet: only a configured limit has something to say.
  #unused(key: string, target: Target, isShared: boolean): WindowScope | undefined {
    if (this.#rateLimits.length === 0) return undefined;
    const { provider, account } = target;
    const upstreamModel = isShared ? null : target.upstreamModel;
    const place = { provider, account, upstreamModel };
    return this.#limitsOf(key, place).length === 0 ? undefined : this.scope(place);
  }

  #limitsOf(key: string, place: ScopePlace): readonly ConfiguredWindow[] {
    if (this.#rateLimits.length === 0) return [];
    return this.#configured(this.#rateLimits, key, () =>
      this.#rateLimits.filter((each) => appliesTo(each, place)).flatMap(({ windows }) => windows),
    );
  }
}

function appliesTo({ provider, account, model }: RateLimit, place: ScopePlace): boolean {
  if (provider !== place.provider || (account !== null && account !== place.account)) return false;
  if (model === null || place.upstreamModel === null) return model === place.upstreamModel;
  return matchesGlob(model, place.upstreamModel);
}

function keyOf({ provider, account, upstreamModel }: ScopePlace): string {
  return upstreamModel === null
    ? accountKey({ provider, account })
    : targetKey({ provider, account, upstreamModel });
}
