import { randomBytes } from 'node:crypto';
import { DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { type Bus, connectBus } from '../../bus/connect.ts';
import { startEventPublisher } from '../../bus/events.ts';
import { createLog, type Log } from '../../bus/log.ts';
import { createMetrics } from '../../bus/metrics.ts';
import { startReplyHost } from '../../bus/reply-host.ts';
import { ensureStreams } from '../../bus/streams.ts';
import type { Config, Ports } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import { startIngress } from '../../ingress/start.ts';
import { startRouter } from '../../router/start.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { PROVIDER_IDS, type ProviderId } from '../../schemas/provider.ts';
import { STREAMS } from '../../schemas/subjects.ts';
import { type UsageEvent, usageEventSchema } from '../../schemas/usage.ts';
import { providerFactories } from '../../workers/registry.ts';
import { startWorker } from '../../workers/start.ts';
import { createUpstreamClient } from '../../workers/upstream-client.ts';
import { startTestNats, type TestNats } from './nats.ts';

/** What a test may change. */
export interface TestGatewayOptions {
  /** Variables on top of those that point every provider at the sandbox. */
  readonly environment?: Record<string, string>;
  /** Providers whose workers run here; default: all that are on. */
  readonly workers?: readonly ProviderId[];
  readonly hasRouter?: boolean;
  readonly log?: Log;
}

/** A whole gateway in the test's process, with a nats-server and a sandbox of its own. */
export interface TestGateway extends AsyncDisposable {
  readonly nats: TestNats;
  readonly bus: Bus;
  readonly sandbox: Sandbox;
  readonly config: Config;
  readonly ports: Ports;
  /** Base address of the auto port, or of a provider's own. */
  url(port?: keyof Ports): string;
  /** Usage events in stream EV so far, in order. */
  usageEvents(): Promise<readonly UsageEvent[]>;
}

/** The variables that switch the three Anthropic-wire providers on, against `upstream`. */
export function sandboxEnvironment(upstream: string): Record<string, string> {
  return {
    ANTHROPIC_API_KEY: 'sk-ant-test-credential',
    ANTHROPIC_UPSTREAM_URL: upstream,
    OPENROUTER_API_KEY: 'sk-or-test-credential',
    OPENROUTER_BASE_URL: upstream,
    VERTEX_PROJECT_ID: 'test-project',
    VERTEX_ACCESS_TOKEN: 'test-access-token',
    VERTEX_CLAUDE_BASE_URL: upstream,
    PROVIDER_CHAIN: 'anthropic,vertex-claude,openrouter',
  };
}

/** Starts the gateway. Every port is a free one. */
export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  await using stack = new AsyncDisposableStack();
  const log = options.log ?? createLog({ level: 'silent', name: 'test' });
  const nats = stack.use(await startTestNats());
  const sandbox = stack.use(await startSandbox({ host: '127.0.0.1', port: 0 }));
  const loaded = loadConfig(
    { ...sandboxEnvironment(sandbox.url), ...options.environment },
    { projectDir: import.meta.dirname, implemented: new Set(implementedProviders()) },
  );
  const free = Object.fromEntries(Object.keys(loaded.ports).map((name) => [name, 0]));
  const config: Config = { ...loaded, ports: free as unknown as Ports };
  const { url: servers, user, password } = nats;
  const bus = stack.use(await connectBus({ servers, user, password, name: 'test', log }));
  await ensureStreams(bus);
  const events = stack.use(startEventPublisher(bus, { log }));
  const host = stack.use(startReplyHost(bus, { workerId: `wk${randomBytes(6).toString('hex')}` }));
  const client = stack.use(createUpstreamClient());
  const workers = options.workers ?? config.chain;
  for (const id of workers) {
    const provider = providerFactories[id]?.(config.providers[id]);
    if (provider === undefined) throw new Error(`no provider ${id}`);
    const concurrency = config.workerConcurrency;
    stack.use(startWorker(bus, { provider, host, client, events, log, concurrency }));
  }
  if (options.hasRouter !== false) stack.use(startRouter(bus, config));
  const ingress = stack.use(
    await startIngress(bus, {
      config,
      events,
      metrics: createMetrics(),
      log,
      ingressId: `in${randomBytes(6).toString('hex')}`,
      localProviders: new Set(workers),
    }),
  );
  await bus.connection.flush();
  const running = stack.move();
  return {
    nats,
    bus,
    sandbox,
    config,
    ports: ingress.ports,
    url: (port = 'auto') => `http://127.0.0.1:${ingress.ports[port]}`,
    async usageEvents() {
      if (!(await events.flush(5_000))) throw new Error('events were not acknowledged');
      return readUsageEvents(bus);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The providers that this build can run. */
export function implementedProviders(): readonly ProviderId[] {
  return PROVIDER_IDS.filter((id) => providerFactories[id] !== undefined);
}

/** Reads stream EV from its start to its end as it is now. */
export async function readUsageEvents(bus: Bus): Promise<readonly UsageEvent[]> {
  const manager = await jetstreamManager(bus.connection);
  const { state } = await manager.streams.info(STREAMS.events);
  if (state.messages === 0) return [];
  const consumer = await jetstream(bus.connection).consumers.get(STREAMS.events, {
    deliver_policy: DeliverPolicy.All,
  });
  const events: UsageEvent[] = [];
  const messages = await consumer.fetch({ max_messages: state.messages, expires: 5_000 });
  for await (const message of messages) {
    events.push(usageEventSchema.parse(JSON.parse(message.string())));
    if (events.length === state.messages) break;
  }
  return events;
}

/** A small Messages request. */
export function messagesBody(fields: Record<string, unknown> = {}): string {
  return JSON.stringify({
    model: 'claude-sonnet-5-5',
    max_tokens: 1024,
    stream: true,
    messages: [{ role: 'user', content: 'Hello there' }],
    ...fields,
  });
}

/** Posts a body to the gateway and returns the whole answer. */
export async function post(
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; text: string }> {
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', ...headers },
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
