import { sendJson } from './answer.ts';
import type { IngressContext } from './context.ts';
import type { Call } from './routes.ts';

/** `GET /health`: 200 while requests can be served, 503 while the bus is down. */
export function getHealth({ context, reply, requestId }: Call): void {
  const value = health(context);
  sendJson(reply, value.status === 'ok' ? 200 : 503, { requestId, value });
}

function health(context: IngressContext) {
  const { bus, config, hub, engineName, startedAtMs } = context;
  return {
    status: bus.isConnected ? ('ok' as const) : ('degraded' as const),
    sandbox: config.isSandbox,
    ...(config.isSandbox
      ? { note: 'No provider credentials are set: answers come from the built-in sandbox.' }
      : {}),
    uptime_seconds: Math.round((Date.now() - startedAtMs) / 1000),
    nats: { connected: bus.isConnected },
    http_engine: engineName,
    routing: { strategy: config.strategy, chain: config.chain },
    open_streams: hub.openStreams,
    ports: config.ports,
    providers: Object.values(config.providers).map(({ id, isEnabled, offReason }) => {
      return isEnabled ? { id, enabled: true } : { id, enabled: false, reason: offReason };
    }),
  };
}
