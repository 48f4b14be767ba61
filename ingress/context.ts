import type { BodyStore } from '../bus/body.ts';
import type { Bus } from '../bus/connect.ts';
import type { EventBatches } from '../bus/event-batches.ts';
import type { EventPublisher } from '../bus/events.ts';
import type { HealthWatch } from '../bus/health-watch.ts';
import type { Log } from '../bus/log.ts';
import type { Metrics } from '../bus/metrics.ts';
import type { ObservationPublisher } from '../bus/observation-publisher.ts';
import type { ReplyHub } from '../bus/reply-hub.ts';
import type { SpendingWatch } from '../bus/spending-watch.ts';
import type { Config, Ports } from '../config/config.ts';
import type { LiveModels } from '../config/live-models.ts';
import type { PassingMap } from '../config/passing-map.ts';
import type { PriceList } from '../config/prices/price-list.ts';
import type { RequestOutcome } from '../schemas/ledger.ts';
import type { ProviderId } from '../schemas/provider.ts';
import type { AdminAuth } from './admin-auth.ts';
import type { BudgetGate } from './budget-gate.ts';
import type { ClientAuth } from './client-auth.ts';
import type { Relay } from './relay.ts';
import type { RequestCounts } from './request-counts.ts';
import type { Snapshot } from './snapshot.ts';
import type { Stats } from './stats.ts';

/** What every handler of one ingress shares. */
export interface IngressContext {
  readonly bus: Bus;
  readonly hub: ReplyHub;
  readonly bodies: BodyStore;
  readonly events: Pick<EventPublisher, 'publish'>;
  /** What clients saw of their requests, for the ledger. */
  readonly outcomes: Pick<EventBatches<RequestOutcome>, 'add'>;
  readonly prices: PriceList;
  readonly observations: Pick<ObservationPublisher, 'add'>;
  readonly config: Config;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly clientAuth: ClientAuth;
  readonly adminAuth: AdminAuth;
  /** How providers do, as the routers last said. */
  readonly health: HealthWatch;
  /** What was spent, as the ledger last said. */
  readonly spending: SpendingWatch;
  /** Null = the operator has set no budget. */
  readonly budgets: BudgetGate | null;
  /** Providers served by this very process: their workers take large bodies by reference. */
  readonly localProviders: ReadonlySet<ProviderId>;
  /** Relays under way, by stream id: one timer pings their clients. */
  readonly relays: PassingMap<string, Relay>;
  /** Requests under way by client key id (`` without keys). */
  readonly openRequests: Map<string, number>;
  readonly requestCounts: RequestCounts;
  readonly stats: Snapshot<Stats>;
  /** The ports really listened on; null = switched off. */
  readonly ports: Ports;
  /** Lists of models that providers publish, where workers read them. */
  readonly liveModels: LiveModels;
  readonly startedAtMs: number;
  readonly engineName: string;
}
