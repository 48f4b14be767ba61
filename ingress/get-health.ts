import { sendJson } from './answer.ts';
import type { IngressContext } from './context.ts';
import { briefHealth } from './provider-health-view.ts';
import type { Call } from './routes.ts';
import { activeRequests, currentStrategy } from './stats.ts';

/** `GET /health`: 200 while requests can be served, 503 while the bus is down. */
export function getHealth({ context, reply, requestId }: Call): void {
  const value = health(context);
  sendJson(reply, value.status === 'ok' ? 200 : 503, { requestId, value });
}

function health(context: IngressContext) {
  const { bus, config, hub, engineName, startedAtMs, ports, requestCounts } = context;
  const known = context.health.latest()?.providers ?? [];
  return {
    status: bus.isConnected ? ('ok' as const) : ('degraded' as const),
    sandbox: config.isSandbox,
    ...(config.isSandbox
      ? { note: 'No provider credentials are set: answers come from the built-in sandbox.' }
      : {}),
    uptime_seconds: Math.round((Date.now() - startedAtMs) / 1000),
    nats: { connected: bus.isConnected },
    http_engine: engineName,
    routing: { strategy: currentStrategy(context), chain: config.chain },
    open_streams: hub.openStreams,
    ports,
    timestamp: new Date().toISOString(),
    active_requests: activeRequests(context),
    stats: requestCounts.view(),
    provider_health: Object.fromEntries(
      known.map((health) => [health.provider, briefHealth(health)]),
    ),
    providers: Object.values(config.providers).map(({ id, isEnabled, offReason }) => {
      return isEnabled ? { id, enabled: true } : { id, enabled: false, reason: offReason };
    }),
  };
}
