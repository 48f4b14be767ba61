import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { RouteReason } from '../schemas/envelope.ts';
import type { WindowKind } from '../schemas/observation.ts';
import type { ProviderId } from '../schemas/provider.ts';
import type { ProviderHealth } from '../schemas/routing.ts';
import type { EventPublisher } from './events.ts';

/** The metrics of this process. Labels are bounded: provider ids, outcomes, HTTP statuses. */
export interface Metrics {
  readonly contentType: string;
  /** The exposition text. */
  render(): Promise<string>;
  readonly requestsTotal: Counter<'operation' | 'provider' | 'status'>;
  readonly attemptsTotal: Counter<'provider' | 'outcome'>;
  readonly requestSeconds: Histogram<'provider'>;
  readonly openRequests: Gauge;
  /** Counts a router's decision; `provider` is its first target's. */
  countDecision(strategy: string, provider: ProviderId | 'none', reason: RouteReason): void;
  countRateLimit(provider: ProviderId, limitType: WindowKind | 'unknown'): void;
  /** Counts a step from one target to the next; `to` may be another account of the same provider. */
  countFallback(from: ProviderId, to: ProviderId, isSuccess: boolean): void;
  /** Has providers' health read at every scrape, in place of what was set before. */
  readHealthFrom(read: () => readonly ProviderScore[]): void;
  /** Has what providers cost today read at every scrape, in place of what was set before. */
  readCostsFrom(read: () => Readonly<Record<string, CostToday>>): void;
  /** Has this process's durable events read at every scrape, in place of what was set before. */
  readEventsFrom(events: EventCounts): void;
}

/** What a provider cost today (UTC), in US dollars. */
export interface CostToday {
  readonly today_usd: number;
}

/** What became of the durable events of a process. */
export type EventCounts = Pick<EventPublisher, 'dropped' | 'spooledBytes'>;

/** A provider's health: 0 = out, 1 = in best health. */
export type ProviderScore = Pick<ProviderHealth, 'provider' | 'score'>;

// GenAI semantic conventions: seconds, doubling from 10 ms.
const SECONDS_BUCKETS = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];

const LAG_SAMPLE_MS = 100;

/** Creates the registry with its metrics. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  // The event loop's lag is measured by a timer: the package's own 10 ms would wake an idle process a hundred times a second.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_SAMPLE_MS });
  const registers = [registry];
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    requestsTotal: new Counter({
      name: 'gateway_requests_total',
      help: 'Client requests by operation, last provider and HTTP status',
      labelNames: ['operation', 'provider', 'status'],
      registers,
    }),
    attemptsTotal: new Counter({
      name: 'gateway_attempts_total',
      help: 'Attempts by provider and how they ended for the client',
      labelNames: ['provider', 'outcome'],
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'gateway_request_duration_seconds',
      help: 'Whole client requests',
      labelNames: ['provider'],
      buckets: SECONDS_BUCKETS,
      registers,
    }),
    openRequests: new Gauge({
      name: 'gateway_open_requests',
      help: 'Client requests under way',
      registers,
    }),
    countDecision: decisionCounter(registers),
    countRateLimit: rateLimitCounter(registers),
    countFallback: fallbackCounter(registers),
    readHealthFrom: healthGauge(registers),
    readCostsFrom: costGauge(registers),
    readEventsFrom: eventCounts(registers),
  };
}

// One per request: its children are looked up by one key, which is cheaper than a hash of the labels.
function decisionCounter(registers: Registry[]): Metrics['countDecision'] {
  const counter = new Counter({
    name: 'route_decisions_total',
    help: "Routers' decisions by strategy, first provider and reason",
    labelNames: ['strategy', 'selected_provider', 'reasoning'],
    registers,
  });
  const children = new Map<string, { inc(): void }>();
  return (strategy, provider, reason) => {
    const key = `${strategy} ${provider} ${reason}`;
    let child = children.get(key);
    if (child === undefined) {
      child = counter.labels(strategy, provider, reason);
      children.set(key, child);
    }
    child.inc();
  };
}

function rateLimitCounter(registers: Registry[]): Metrics['countRateLimit'] {
  const counter = new Counter({
    name: 'rate_limits_detected_total',
    help: 'Rate limits that providers answered with, by what was limited',
    labelNames: ['provider', 'limit_type'],
    registers,
  });
  return (provider, limitType) => counter.inc({ provider, limit_type: limitType });
}

function fallbackCounter(registers: Registry[]): Metrics['countFallback'] {
  const counter = new Counter({
    name: 'fallback_attempts_total',
    help: 'Attempts that followed one at another provider or account, by success',
    labelNames: ['from_provider', 'to_provider', 'success'],
    registers,
  });
  return (from, to, isSuccess) =>
    counter.inc({ from_provider: from, to_provider: to, success: String(isSuccess) });
}

function healthGauge(registers: Registry[]): Metrics['readHealthFrom'] {
  let read: () => readonly ProviderScore[] = () => [];
  new Gauge({
    name: 'provider_health_score',
    help: 'Health of a provider as the leading router sees it: 0 = out, 1 = in best health',
    labelNames: ['provider'],
    registers,
    collect() {
      this.reset();
      for (const { provider, score } of read()) this.set({ provider }, score);
    },
  });
  return (source) => {
    read = source;
  };
}

function costGauge(registers: Registry[]): Metrics['readCostsFrom'] {
  let read: () => Readonly<Record<string, CostToday>> = () => ({});
  new Gauge({
    name: 'gateway_cost_today_usd',
    help: 'What a provider cost since midnight UTC, in US dollars, as the ledger last reported',
    labelNames: ['provider'],
    registers,
    collect() {
      this.reset();
      for (const [provider, cost] of Object.entries(read())) this.set({ provider }, cost.today_usd);
    },
  });
  return (source) => {
    read = source;
  };
}

function eventCounts(registers: Registry[]): Metrics['readEventsFrom'] {
  let counts: EventCounts = { dropped: 0, spooledBytes: 0 };
  new Counter({
    name: 'gateway_events_lost_total',
    help: 'Durable events of this process that were given up',
    registers,
    collect() {
      this.reset();
      this.inc(counts.dropped);
    },
  });
  new Gauge({
    name: 'gateway_events_spooled_bytes',
    help: 'Durable events of this process that wait on its disk for JetStream',
    registers,
    collect() {
      this.set(counts.spooledBytes);
    },
  });
  return (events) => {
    counts = events;
  };
}
