import { LIMITS } from '../../config/limits.ts';
import type { PriceList } from '../../config/prices/price-list.ts';
import { KEY_OF_NONE, KEY_OF_OTHERS } from '../../schemas/ledger.ts';
import { addEntry, type RunningTally } from '../state/tally.ts';
import { MessageIds } from '../transcripts/message-ids.ts';
import type { DateRange } from './date-range.ts';
import { type FallbackCosts, FallbackTally } from './fallback-costs.ts';
import { tallyAt } from './kept-totals.ts';
import type { UsageEntry } from './usage-entry.ts';

/** What only the entries themselves tell, and no sum that is kept. */
export class LogDetails {
  readonly #range: DateRange;
  readonly #fallback: FallbackTally;
  /** Keyed `<class> <provider>/<upstreamModel>`. */
  readonly byClass = new Map<string, RunningTally>();
  readonly bySession = new Map<string, RunningTally>();
  /** Messages that went through the gateway, also before and after the range. */
  readonly messages: MessageIds | null;

  constructor(
    range: DateRange,
    options: { readonly prices: PriceList; readonly hasMessages: boolean },
  ) {
    this.#range = range;
    this.#fallback = new FallbackTally(options.prices);
    this.messages = options.hasMessages ? new MessageIds() : null;
  }

  /** What fallbacks cost. */
  get fallback(): FallbackCosts {
    return this.#fallback.costs;
  }

  /** Takes the next entry of the log. */
  add(entry: UsageEntry): void {
    const { countedAtMs, messageId, requestId, requestClass, provider, upstreamModel } = entry;
    const isCounted = countedAtMs >= this.#range.sinceMs && countedAtMs < this.#range.untilMs;
    if (messageId !== null) this.messages?.add({ messageId, requestId });
    this.#fallback.add(entry, isCounted);
    if (!isCounted) return;
    const name = `${requestClass ?? KEY_OF_NONE} ${provider}/${upstreamModel}`;
    addEntry(boundedAt(this.byClass, name), entry);
    addEntry(boundedAt(this.bySession, entry.sessionId ?? KEY_OF_NONE), entry);
  }
}

function boundedAt(tallies: Map<string, RunningTally>, key: string): RunningTally {
  const isFull = tallies.size >= LIMITS.reportKeysMax && !tallies.has(key);
  return tallyAt(tallies, isFull ? KEY_OF_OTHERS : key);
}
