import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { type Bus, connectBus } from '../../bus/connect.ts';
import { type EventPublisher, startEventPublisher } from '../../bus/events.ts';
import { createLog, type Log } from '../../bus/log.ts';
import { createMetrics } from '../../bus/metrics.ts';
import { startObservationPublisher } from '../../bus/observation-publisher.ts';
import { startReplyHost } from '../../bus/reply-host.ts';
import { ensureStreams } from '../../bus/streams.ts';
import { createToolStates } from '../../bus/tool-states.ts';
import { type Config, type Ports, settingsOf } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import { createPriceList, type PriceList } from '../../config/prices/price-list.ts';
import { startIngress } from '../../ingress/start.ts';
import { startRouter } from '../../router/start.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import { STREAMS, subjects } from '../../schemas/subjects.ts';
import { type UsageEvent, usageEventSchema } from '../../schemas/usage.ts';
import { createAccounts } from '../../workers/accounts.ts';
import { startModelPublisher } from '../../workers/publish-models.ts';
import { startReservations } from '../../workers/reservations.ts';
import { startWorker } from '../../workers/start.ts';
import { createTokenCounter } from '../../workers/token-count/token-counter.ts';
import { createUpstreamClient } from '../../workers/upstream-client.ts';
import { withFrozenParcels } from './frozen-parcels.ts';
import { startTestNats, type TestNats } from './nats.ts';

/** What a test may change. */
export interface TestGatewayOptions {
  /** Variables on top of those that point every provider at the sandbox. */
  readonly environment?: Record<string, string>;
  /** Providers whose workers run here; default: all that are on. */
  readonly workers?: readonly ProviderId[];
  readonly hasRouter?: boolean;
  /** The workers read their providers' lists of models: the sandbox sees these requests too. */
  readonly readsModelLists?: boolean;
  /** Workers share the ingress's connection, as with `npm start`; default: they have their own, as in a process of theirs. */
  readonly isOneProcess?: boolean;
  readonly log?: Log;
}

/** A whole gateway in the test's process, with a nats-server and a sandbox of its own. */
export interface TestGateway extends AsyncDisposable {
  readonly nats: TestNats;
  readonly bus: Bus;
  /** Messages that were given to nats-server so far, by all connections. */
  readonly published: number;
  readonly sandbox: Sandbox;
  readonly config: Config;
  readonly ports: Ports;
  readonly prices: PriceList;
  readonly events: EventPublisher;
  /** Base address of the auto port, or of a provider's own. */
  url(port?: keyof Ports): string;
  /** Usage events in stream EV so far, in order. */
  usageEvents(): Promise<readonly UsageEvent[]>;
}

/** The variables that switch every provider on, against `upstream`; the auto port keeps to Anthropic's wire. */
export function sandboxEnvironment(upstream: string): Record<string, string> {
  return {
    ANTHROPIC_API_KEY: 'sk-ant-test-credential',
    ANTHROPIC_UPSTREAM_URL: upstream,
    OPENROUTER_API_KEY: 'sk-or-test-credential',
    OPENROUTER_BASE_URL: upstream,
    VERTEX_PROJECT_ID: 'test-project',
    VERTEX_ACCESS_TOKEN: 'test-access-token',
    VERTEX_CLAUDE_BASE_URL: upstream,
    VERTEX_GEMINI_BASE_URL: upstream,
    GITHUB_TOKEN: 'ghp_testCredential',
    GITHUB_MODELS_BASE_URL: upstream,
    OPENAI_COMPATIBLE_BASE_URL: `${upstream}/v1`,
    OPENAI_COMPATIBLE_API_KEY: 'sk-compatible-test',
    PROVIDER_CHAIN: 'anthropic,vertex-claude,openrouter',
    // By the chain's order, so that a test knows whom it asks.
    DEFAULT_ROUTING_STRATEGY: 'availability',
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
    { projectDir: import.meta.dirname },
  );
  const free = Object.fromEntries(Object.keys(loaded.ports).map((name) => [name, 0]));
  const config: Config = { ...loaded, ports: free as unknown as Ports };
  const { url: servers, user, password } = nats;
  const connect = async (name: string): Promise<Bus> =>
    stack.use(await connectBus({ servers, user, password, name, log }));
  const isOneProcess = options.isOneProcess === true;
  const connected = await connect('test');
  const bus = isOneProcess ? withFrozenParcels(connected) : connected;
  const workerBus = isOneProcess ? bus : await connect('test workers');
  await ensureStreams(bus);
  const dataDir = mkdtempSync(path.join(tmpdir(), 'gateway-test-'));
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const prices = createPriceList(config.prices);
  const events = stack.use(startEventPublisher(bus, { log, dataDir }));
  const reservations = stack.use(startReservations(events, config.accounting));
  const workerId = `wk${randomBytes(6).toString('hex')}`;
  const host = stack.use(startReplyHost(workerBus, { workerId }));
  const observations = stack.use(
    startObservationPublisher(bus, { source: host.workerId, isAlone: isOneProcess }),
  );
  const client = stack.use(createUpstreamClient());
  const toolStates = createToolStates(bus, { log });
  const tokens = stack.use(createTokenCounter());
  const { modelMapping, workerConcurrency: concurrency } = config;
  const workers = options.workers ?? config.chain;
  for (const id of workers) {
    const accounts = createAccounts(settingsOf(config.providers, id), { toolStates, modelMapping });
    const ledger = { events, reservations, prices };
    const shared = { ...ledger, host, client, observations, log, concurrency, toolStates, tokens };
    stack.use(startWorker(workerBus, { accounts, ...shared }));
  }
  if (options.readsModelLists === true) {
    const providers = workers.map((id) => settingsOf(config.providers, id));
    stack.use(startModelPublisher(bus, { providers, log }));
  }
  if (options.hasRouter !== false) {
    const routerId = `rt${randomBytes(6).toString('hex')}`;
    stack.use(await startRouter(bus, { config, routerId, events, observations, prices, log }));
  }
  const ingress = stack.use(
    await startIngress(bus, {
      config,
      events,
      observations,
      prices,
      metrics: createMetrics(),
      log,
      ingressId: `in${randomBytes(6).toString('hex')}`,
      localProviders: new Set(workers),
      modelListsReadMs: 100,
    }),
  );
  await Promise.all([bus.connection.flush(), workerBus.connection.flush()]);
  const running = stack.move();
  return {
    nats,
    bus,
    get published() {
      return workerBus === bus ? bus.published : bus.published + workerBus.published;
    },
    sandbox,
    config,
    ports: ingress.ports,
    prices,
    events,
    url: (port = 'auto') => `http://127.0.0.1:${ingress.ports[port]}`,
    async usageEvents() {
      if (!(await events.flush(5_000))) throw new Error('events were not acknowledged');
      return readUsageEvents(bus);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** An event as it lies in stream EV. */
export interface StoredEvent {
  readonly subject: string;
  readonly json: unknown;
}

/** The usage events of stream EV as it is now. */
export async function readUsageEvents(bus: Bus): Promise<readonly UsageEvent[]> {
  const prefix = subjects.usageEvent('' as ProviderId); // the beginning of all of them
  const events = (await readEventStream(bus)).filter(({ subject }) => subject.startsWith(prefix));
  return events.map(({ json }) => usageEventSchema.parse(json));
}

/** Reads stream EV from its start to its end as it is now. */
export async function readEventStream(bus: Bus): Promise<readonly StoredEvent[]> {
  const manager = await jetstreamManager(bus.connection);
  const { state } = await manager.streams.info(STREAMS.events);
  if (state.messages === 0) return [];
  const consumer = await jetstream(bus.connection).consumers.get(STREAMS.events, {
    deliver_policy: DeliverPolicy.All,
  });
  const events: StoredEvent[] = [];
  const messages = await consumer.fetch({ max_messages: state.messages, expires: 5_000 });
  for await (const message of messages) {
    events.push({ subject: message.subject, json: message.json() });
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
