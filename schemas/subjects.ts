import type { AlertScope } from './alert.ts';
import type { PeriodKind } from './ledger.ts';
import type { ProviderId } from './provider.ts';

/**
 * Subjects, one function per subject, so that nobody writes a subject literal elsewhere.
 *
 * Ingress, worker and stream ids are made by us and hold only letters, digits, `_` and `-`.
 */
export const subjects = {
  /** Requests that need a provider, a ROUTE frame each. Queue group `router`; the reply has a ROUTE frame for each. */
  route: (): string => 'gw.v1.route',
  /** One attempt for a provider's pool. Queue group `worker-<provider>`. */
  work: (provider: ProviderId): string => `gw.v1.work.${provider}`,
  /** Frames of one reply stream, to the ingress that asked. */
  reply: (ingressId: string, streamId: string): string => `gw.v1.rx.${ingressId}.${streamId}`,
  /** All reply streams of one ingress. */
  anyReply: (ingressId: string): string => `gw.v1.rx.${ingressId}.*`,
  /** Pieces of a request body, asked for by the worker that serves the request. */
  body: (ingressId: string, requestId: string): string => `gw.v1.body.${ingressId}.${requestId}`,
  /** All bodies of one ingress. */
  anyBody: (ingressId: string): string => `gw.v1.body.${ingressId}.*`,
  /** Control of one reply stream (credit, resume, cancel), or of the worker itself (`probe`). */
  control: (workerId: string, streamId: string): string => `gw.v1.ctl.${workerId}.${streamId}`,
  /** All control messages of one worker. */
  anyControl: (workerId: string): string => `gw.v1.ctl.${workerId}.*`,
  /** What a process saw of its providers: batches for every router. */
  observations: (source: string): string => `gw.v1.obs.${source}`,
  /** The observations of all processes. */
  anyObservations: (): string => 'gw.v1.obs.*',
  /** A command to one router, e.g. `explain`. Queue group `router`. */
  routerCommand: (verb: RouterCommand): string => `gw.v1.cmd.router.${verb}`,
  /** What an administrator did. In stream EV. */
  adminEvent: (): string => 'gw.v1.ev.admin',
  /** The usage event that ends every attempt. In stream EV. */
  usageEvent: (provider: ProviderId): string => `gw.v1.ev.usage.${provider}`,
  /** Attempts that are about to be made, in batches. In stream EV. */
  reservedEvent: (): string => 'gw.v1.ev.reserved',
  /** What clients saw of their requests, in batches. In stream EV. */
  requestEvent: (): string => 'gw.v1.ev.request',
  /** A cost that crossed a line, for whoever listens. */
  alert: (scope: AlertScope, period: PeriodKind): string => `gw.v1.alert.${scope}.${period}`,
  /** The same. In stream EV. */
  alertEvent: (): string => 'gw.v1.ev.alert',
  /** An event that no ledger can read. In stream EV. */
  deadEvent: (): string => 'gw.v1.ev.dead',
  /** All durable events: what stream EV keeps. */
  anyEvent: (): string => 'gw.v1.ev.>',
} as const;

/** What routers can be told or asked. `stats` goes to all of them. */
export type RouterCommand = 'explain' | 'stats' | 'strategy' | 'maintenance' | 'reset';

/** JetStream streams. */
export const STREAMS = { events: 'EV' } as const;

/** JetStream key-value buckets. */
export const KV_BUCKETS = {
  toolStates: 'gw-tool-states',
  models: 'gw-models',
  state: 'gw-state',
  lease: 'gw-lease',
  totals: 'gw-totals',
} as const;

/** Keys of bucket `gw-totals` that everybody may read: what was spent and set aside, and the last alerts. */
export const TOTALS_KEYS = { budget: 'budget', alerts: 'alerts' } as const;

/** Queue groups: equal programs that share a subject. */
export const queueGroups = {
  router: (): string => 'router',
  worker: (provider: ProviderId): string => `worker-${provider}`,
} as const;
