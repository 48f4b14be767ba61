import type { Cost as WrittenCost } from '../../schemas/cost.ts';
import { writePicodollars } from '../../schemas/money.ts';
import type { Usage } from '../../schemas/usage.ts';
import { type CostContext, costOf } from './cost.ts';
import type { PriceList } from './price-list.ts';

/** What a request cost, as it stands in its usage event. Never throws. */
export function writtenCost(usage: Usage, context: CostContext, list: PriceList): WrittenCost {
  const { picodollars, priceVersion, source } = costOf(usage, context, list);
  return { picodollars: writePicodollars(picodollars), priceVersion, source };
}
