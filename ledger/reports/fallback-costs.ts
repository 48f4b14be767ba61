import { LIMITS } from '../../config/limits.ts';
import { costOf } from '../../config/prices/cost.ts';
import type { PriceList } from '../../config/prices/price-list.ts';
import type { Picodollars } from '../../schemas/money.ts';
import { isProviderId } from '../../schemas/provider.ts';
import type { Place } from './priced-tokens.ts';
import type { UsageEntry } from './usage-entry.ts';

/** What it cost that first choices failed. */
export interface FallbackCosts {
  /** Attempts after the first that served somebody, and whose first choice is known. */
  readonly fallbacks: number;
  /** What these cost, and what the first choice would have cost for the same tokens. */
  readonly paid: Picodollars;
  readonly firstChoicePicodollars: Picodollars;
  /** `paid` − `firstChoicePicodollars`; negative = the fallback was cheaper. */
  readonly extra: Picodollars;
  /** Fallbacks whose first choice left no entry: nobody answered there. */
  readonly withoutFirstChoice: number;
  /** Attempts that failed and were billed all the same, and what they cost. */
  readonly failedBilled: number;
  readonly failedPicodollars: Picodollars;
}

/** Adds up what fallbacks cost, entry by entry. */
export class FallbackTally {
  readonly #prices: PriceList;
  readonly #firstChoices = new Map<string, Place>();
  readonly #sums = {
    fallbacks: 0,
    paid: 0n,
    firstChoicePicodollars: 0n,
    withoutFirstChoice: 0,
    failedBilled: 0,
    failedPicodollars: 0n,
  };

  constructor(prices: PriceList) {
    this.#prices = prices;
  }

  /** The sums so far. */
  get costs(): FallbackCosts {
    return { ...this.#sums, extra: this.#sums.paid - this.#sums.firstChoicePicodollars };
  }

  /** Takes an entry; `isCounted` false = it is known for what follows it, but not in the range. */
  add(entry: UsageEntry, isCounted: boolean): void {
    const hasFailed = entry.outcome === 'failed' || entry.outcome === 'lost';
    if (hasFailed && entry.attempt === 0) this.#remember(entry);
    if (!isCounted) return;
    if (hasFailed) this.#addFailed(entry);
    else if (entry.attempt > 0) this.#addFallback(entry);
  }

  #remember({ requestId, provider, upstreamModel }: UsageEntry): void {
    if (!isProviderId(provider)) return;
    this.#firstChoices.set(requestId, { provider, upstreamModel });
    if (this.#firstChoices.size <= LIMITS.reportFirstChoicesMax) return;
    for (const oldest of this.#firstChoices.keys()) {
      this.#firstChoices.delete(oldest);
      return;
    }
  }

  #addFailed({ picodollars }: UsageEntry): void {
    if (picodollars === 0n) return;
    this.#sums.failedBilled += 1;
    this.#sums.failedPicodollars += picodollars;
  }

  #addFallback({ requestId, usage, startedAtMs, picodollars }: UsageEntry): void {
    const place = this.#firstChoices.get(requestId);
    if (place === undefined) {
      this.#sums.withoutFirstChoice += 1;
      return;
    }
    this.#firstChoices.delete(requestId);
    const context = { ...place, responseModel: null, raw: null, atMs: startedAtMs };
    this.#sums.fallbacks += 1;
    this.#sums.paid += picodollars;
    this.#sums.firstChoicePicodollars += costOf(usage, context, this.#prices).picodollars;
  }
}
