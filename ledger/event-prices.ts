import { costOf } from '../config/prices/cost.ts';
import type { PriceList } from '../config/prices/price-list.ts';
import type { PriceOf } from './state/read-event.ts';

/**
 * Prices events of before costs were written into them, by what holds for the time at which they began. The list must be one
 * that does not change: totals would differ from what the log gives when it is read again.
 */
export function eventPrices(list: PriceList): PriceOf {
  return (event) => costOf(event.usage, { ...event, atMs: event.startedAtMs }, list).picodollars;
}
