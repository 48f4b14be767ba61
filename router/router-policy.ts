import { accountsOf } from '../config/accounts.ts';
import { type Config, settingsOf } from '../config/config.ts';
import type { PriceList } from '../config/prices/price-list.ts';
import { createTokenPrices } from '../config/prices/token-prices.ts';
import type { RouterPolicy } from './policy.ts';

/** What a router takes from the configuration. */
export type RouterConfig = Pick<
  Config,
  | 'chain'
  | 'isCostOptimized'
  | 'modelMapping'
  | 'providers'
  | 'rateLimits'
  | 'rateLimitThreshold'
  | 'routingRules'
  | 'strategy'
>;

/** Makes the policy that the configuration describes; prices are those of the process. */
export function routerPolicy(config: RouterConfig, prices: PriceList): RouterPolicy {
  const accounts = config.chain.map(
    (id) =>
      [id, accountsOf(settingsOf(config.providers, id)).map(({ account }) => account)] as const,
  );
  return {
    chain: config.chain,
    accounts: new Map(accounts),
    mapping: config.modelMapping,
    rules: config.routingRules,
    isCostOptimized: config.isCostOptimized,
    prices: createTokenPrices(prices),
  };
}
