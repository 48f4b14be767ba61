import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** The metrics of this process. Labels are bounded: provider ids, outcomes, HTTP statuses. */
export interface Metrics {
  readonly contentType: string;
  /** The exposition text. */
  render(): Promise<string>;
  readonly requestsTotal: Counter<'operation' | 'provider' | 'status'>;
  readonly attemptsTotal: Counter<'provider' | 'outcome'>;
  readonly requestSeconds: Histogram<'provider'>;
  readonly openRequests: Gauge;
}

// GenAI semantic conventions: seconds, doubling from 10 ms.
const SECONDS_BUCKETS = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];

/** Creates the registry with its metrics. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
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
  };
}
