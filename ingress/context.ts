import type { BodyStore } from '../bus/body.ts';
import type { Bus } from '../bus/connect.ts';
import type { EventPublisher } from '../bus/events.ts';
import type { Log } from '../bus/log.ts';
import type { Metrics } from '../bus/metrics.ts';
import type { ReplyHub } from '../bus/reply-hub.ts';
import type { Config } from '../config/config.ts';
import type { LiveModels } from '../config/live-models.ts';
import type { ProviderId } from '../schemas/provider.ts';
import type { ClientAuth } from './client-auth.ts';
import type { Relay } from './relay.ts';

/** What every handler of one ingress shares. */
export interface IngressContext {
  readonly bus: Bus;
  readonly hub: ReplyHub;
  readonly bodies: BodyStore;
  readonly events: EventPublisher;
  readonly config: Config;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly clientAuth: ClientAuth;
  /** Providers served by this very process: their workers take large bodies by reference. */
  readonly localProviders: ReadonlySet<ProviderId>;
  /** Relays under way: one timer pings their clients. */
  readonly relays: Set<Relay>;
  /** Requests under way by client key id (`` without keys). */
  readonly openRequests: Map<string, number>;
  /** Lists of models that providers publish, where workers read them. */
  readonly liveModels: LiveModels;
  readonly startedAtMs: number;
  readonly engineName: string;
}
