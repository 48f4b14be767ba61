import type { ModelMapping } from '../config/model-mapping.ts';
import type { RoutingRules } from '../config/routing-rules.ts';
import type { ProviderId } from '../schemas/provider.ts';
import type { PriceLookup } from './expected-cost.ts';

/** What the configuration says about routing. Immutable: what follows from it and a name is remembered. */
export interface RouterPolicy {
  /** Enabled providers in the configured order. */
  readonly chain: readonly ProviderId[];
  /** Names of the credentials of each provider, each once; one without any cannot be asked. */
  readonly accounts: ReadonlyMap<ProviderId, readonly string[]>;
  readonly mapping: ModelMapping;
  readonly rules: RoutingRules;
  /** The `intelligent` strategy looks at money. */
  readonly isCostOptimized: boolean;
  readonly prices: PriceLookup;
}
