import type { ProviderId } from '../../schemas/provider.ts';
import { sandboxEnvironment } from '../../test/support/gateway.ts';
import { startTestNats } from '../../test/support/nats.ts';
import { freePort, startRoles } from '../../test/support/processes.ts';

/** What to start. */
export interface GatewayProcessOptions {
  /** Base address of every provider. */
  readonly upstream: string;
  readonly providers: readonly ProviderId[];
  /** Where the router runs. `beside` = in a process of its own; default `inside`. */
  readonly router?: 'inside' | 'beside' | 'none';
  readonly environment?: Record<string, string>;
}

/** A gateway with its roles in one process, and a nats-server beside it. */
export interface GatewayProcess extends AsyncDisposable {
  readonly origin: string;
}

/** Starts it on a free port. Rejects when it ends before it is ready. */
export async function startGatewayProcess(options: GatewayProcessOptions): Promise<GatewayProcess> {
  const { upstream, providers, router = 'inside' } = options;
  await using stack = new AsyncDisposableStack();
  const nats = stack.use(await startTestNats());
  const port = await freePort();
  const environment = {
    ...sandboxEnvironment(upstream),
    LOG_LEVEL: 'error',
    PROVIDER_CHAIN: providers.join(','),
    NATS_URL: nats.url.replace('nats://', `nats://${nats.user}:${nats.password}@`),
    GATEWAY_PORT: String(port),
    VERTEX_CLAUDE_PORT: 'off',
    VERTEX_GEMINI_PORT: 'off',
    GITHUB_MODELS_PORT: 'off',
    OPENROUTER_PORT: 'off',
    ...options.environment,
  };
  if (router === 'beside') stack.use(await startRoles(['router'], environment));
  const workers = providers.map((id) => `worker:${id}`);
  const inside = router === 'inside' ? ['router'] : [];
  stack.use(await startRoles([...workers, ...inside, 'ingress'], environment));
  const running = stack.move();
  return {
    origin: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
