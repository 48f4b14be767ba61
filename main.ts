/**
 * The composition root: reads the configuration, connects, starts the named roles downstream first and drains them in
 * reverse. Without arguments every role runs in this process, with a nats-server of its own.
 */
import { randomBytes } from 'node:crypto';
import { type Bus, connectBus } from './bus/connect.ts';
import { type EventPublisher, startEventPublisher } from './bus/events.ts';
import { createLog, type Log } from './bus/log.ts';
import { createMetrics } from './bus/metrics.ts';
import { startNatsServer } from './bus/nats-server.ts';
import { findNatsServer } from './bus/nats-server-binary.ts';
import {
  type ObservationPublisher,
  startObservationPublisher,
} from './bus/observation-publisher.ts';
import { type ReplyHost, startReplyHost } from './bus/reply-host.ts';
import { ensureStreams } from './bus/streams.ts';
import { createToolStates } from './bus/tool-states.ts';
import { banner } from './cli/banner.ts';
import { untilStopped } from './cli/until-stopped.ts';
import { type Config, type Ports, type ProviderTable, settingsOf } from './config/config.ts';
import { configWarnings, loadConfig, readEnvironment } from './config/load.ts';
import { createPriceList, type PriceList } from './config/prices/price-list.ts';
import { startPriceRefresh } from './config/prices/refresh/start.ts';
import { ConfigError } from './config/reader.ts';
import { startIngress } from './ingress/start.ts';
import { startAlerts } from './ledger/alerts.ts';
import { startBudgetReports } from './ledger/budget-reports.ts';
import { eventPrices } from './ledger/event-prices.ts';
import { startLedger } from './ledger/start.ts';
import { startRouter } from './router/start.ts';
import { startSandbox } from './sandbox/start.ts';
import { isProviderId, PROVIDER_IDS, type ProviderId } from './schemas/provider.ts';
import { createAccounts } from './workers/accounts.ts';
import { startModelPublisher } from './workers/publish-models.ts';
import { startReservations } from './workers/reservations.ts';
import { startWorker } from './workers/start.ts';
import { createTokenCounter } from './workers/token-count/token-counter.ts';
import { createUpstreamClient } from './workers/upstream-client.ts';

/** What the roles of one process share. */
interface Process {
  readonly bus: Bus;
  readonly config: Config;
  readonly log: Log;
  readonly events: EventPublisher;
  readonly observations: ObservationPublisher;
  readonly prices: PriceList;
  readonly host: ReplyHost;
  readonly stack: AsyncDisposableStack;
  /** Providers whose workers run in this process. */
  readonly localProviders: Set<ProviderId>;
  ports: Ports | null;
}

const ROLES = ['sandbox', 'ledger', 'worker', 'router', 'ingress'] as const;
type Role = (typeof ROLES)[number];
/** Where the sandbox role listens when it is a program of its own. */
const SANDBOX_PORT = 8099;

/** Roles by name, downstream first: they start in this order and drain in reverse. */
const starters: Record<Exclude<Role, 'sandbox'>, (self: Process, only?: ProviderId) => unknown> = {
  ledger: async ({ stack, bus, config, events, log }) => {
    // An entry without a cost must cost the same whenever it is read: by the list that ships.
    const priceOf = eventPrices(createPriceList(config.prices));
    const options = { ledgerId: newId('lg'), events, priceOf, log };
    const ledger = stack.use(await startLedger(bus, options));
    stack.use(startAlerts(bus, { ledger, settings: config.alerts, events, log }));
    stack.use(startBudgetReports(bus, { ledger, hasBudgets: config.budgets.length > 0, log }));
  },
  worker: (self, only) => startWorkers(self, only),
  router: async ({ stack, bus, config, events, observations, prices, log }) => {
    const routerId = newId('rt');
    stack.use(await startRouter(bus, { config, routerId, events, observations, prices, log }));
  },
  ingress: async (self) => {
    const { stack, bus, config, events, observations, prices, log, localProviders } = self;
    const ingressId = newId('in');
    const shared = { config, events, observations, prices, log, localProviders };
    const ingress = stack.use(
      await startIngress(bus, { ...shared, metrics: createMetrics(), ingressId }),
    );
    self.ports = ingress.ports;
  },
};

async function main(): Promise<void> {
  const wanted = parseRoles(process.argv.slice(2));
  const isAllInOne = wanted.length === 0;
  const environment = readEnvironment(import.meta.dirname);
  let config = loadConfig(environment, {
    projectDir: import.meta.dirname,
  });
  const processName = isAllInOne ? 'gateway' : wanted.map(({ name }) => name).join('+');
  const log = createLog({ level: config.logLevel, name: processName });
  const live = wanted.filter(({ role, only }) => role !== 'worker' || isOn(config, only));
  if (live.length === 0 && !isAllInOne) return;
  for (const warning of configWarnings(environment)) log.warn(warning);
  await using stack = new AsyncDisposableStack();
  const failure = Promise.withResolvers<never>();
  const stopped = Promise.race([untilStopped(log), failure.promise]);

  const startsSandbox = isAllInOne ? config.isSandbox && config.sandboxUrl === null : false;
  if (startsSandbox || wanted.some(({ role }) => role === 'sandbox')) {
    const where = isAllInOne
      ? { host: '127.0.0.1', port: 0 }
      : { host: config.host, port: SANDBOX_PORT };
    const sandbox = stack.use(await startSandbox(where));
    if (isAllInOne) config = withSandbox(config, sandbox.url);
    log.info({ url: sandbox.url }, 'sandbox ready');
    if (wanted.length === 1) {
      await stopped;
      return;
    }
  }
  const nats = await openNats(config, { isAllInOne, log, stack, fail: failure.reject });
  const bus = stack.use(await connectBus({ ...nats, name: processName, log }));
  await ensureStreams(bus);
  const events = stack.use(startEventPublisher(bus, { log, dataDir: config.dataDir }));
  const host = stack.use(startReplyHost(bus, { workerId: newId('wk') }));
  // Nobody else knows of a server that we started.
  const isAlone = config.natsUrl === null;
  const observations = stack.use(
    startObservationPublisher(bus, { source: host.workerId, isAlone }),
  );
  const { prices, dataDir } = config;
  const { list } = stack.use(await startPriceRefresh({ settings: prices.refresh, dataDir, log }));
  const self: Process = {
    bus,
    config,
    log,
    events,
    observations,
    prices: createPriceList({ ...prices, list }),
    host,
    stack,
    localProviders: new Set(),
    ports: null,
  };
  const roles = isAllInOne ? ROLES.map((role) => ({ role, only: undefined })) : live;
  for (const { role, only } of roles) {
    if (role !== 'sandbox') await starters[role](self, only);
  }
  process.stdout.write(
    banner({ config, ports: self.ports, roles: wanted.map(({ name }) => name) }),
  );
  await stopped;
}

// A pool for a provider that is off is no mistake: a compose file has one for each. It says so and ends well.
function isOn(config: Config, only: ProviderId | undefined): boolean {
  if (only === undefined) return true;
  const { isEnabled, offReason } = settingsOf(config.providers, only);
  if (isEnabled) return true;
  process.stdout.write(`worker:${only} is off: ${offReason}\n`);
  return false;
}

function startWorkers(self: Process, only: ProviderId | undefined): void {
  const { bus, config, host, events, observations, prices, log, stack, localProviders } = self;
  const client = stack.use(createUpstreamClient());
  const toolStates = createToolStates(bus, { log });
  const tokens = stack.use(createTokenCounter());
  const context = { toolStates, modelMapping: config.modelMapping };
  const ids = only === undefined ? config.chain : [only];
  const providers = ids.map((id) => settingsOf(config.providers, id));
  stack.use(startModelPublisher(bus, { providers, log }));
  const concurrency = config.workerConcurrency;
  const reservations = stack.use(startReservations(events, config.accounting));
  const ledger = { events, reservations, prices };
  const shared = { ...ledger, host, client, observations, log, concurrency, toolStates, tokens };
  for (const id of ids) {
    const settings = settingsOf(config.providers, id);
    if (!settings.isEnabled) {
      throw new ConfigError([`worker:${id} cannot start: ${settings.offReason}`]);
    }
    const accounts = createAccounts(settings, context);
    stack.use(startWorker(bus, { accounts, ...shared }));
    localProviders.add(id);
  }
}

async function openNats(
  config: Config,
  options: {
    isAllInOne: boolean;
    log: Log;
    stack: AsyncDisposableStack;
    fail: (error: Error) => void;
  },
): Promise<{ servers: string; user?: string; password?: string }> {
  if (config.natsUrl !== null) return { servers: config.natsUrl };
  if (!options.isAllInOne) {
    throw new ConfigError([
      'NATS_URL is not set: roles as separate programs meet on a nats-server; set NATS_URL=nats://host:4222',
    ]);
  }
  const binary = await findNatsServer(config);
  const server = options.stack.use(
    await startNatsServer({ binary, dataDir: config.dataDir, log: options.log }),
  );
  // Without a bus there is no gateway: drain what is left and say why.
  void server.failed.then((error) => options.fail(error));
  return { servers: server.url, user: server.user, password: server.password };
}

function withSandbox(config: Config, baseUrl: string): Config {
  const moved = Object.values(config.providers).map((settings) =>
    settings.isEnabled ? { ...settings, baseUrl } : settings,
  );
  const table = Object.fromEntries(moved.map((settings) => [settings.id, settings]));
  const providers = table as unknown as ProviderTable; // the same ids
  return { ...config, providers, sandboxUrl: baseUrl };
}

interface WantedRole {
  readonly name: string;
  readonly role: Role;
  readonly only: ProviderId | undefined;
}

function parseRoles(names: readonly string[]): readonly WantedRole[] {
  return names.map((name) => {
    const [role, provider] = name.split(':');
    const only = provider !== undefined && isProviderId(provider) ? provider : undefined;
    const isKnown = ROLES.some((known) => known === role);
    if (!isKnown || (provider !== undefined && (role !== 'worker' || only === undefined))) {
      throw new ConfigError([
        `unknown role ${name}; roles are ${ROLES.join(', ')} and worker:<provider> (${PROVIDER_IDS.join(', ')})`,
      ]);
    }
    return { name, role: role as Role, only }; // checked above
  });
}

function newId(prefix: string): string {
  return `${prefix}${randomBytes(12).toString('hex')}`;
}

// One clear line per problem, which says what to do.
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE' && 'variable' in error) {
    return `${error.message}; stop it, or set ${error.variable} to another port or to off`;
  }
  return error.message;
}

try {
  await main();
  process.exitCode ??= 0;
} catch (error) {
  process.stderr.write(`${describe(error)}\n`);
  process.exitCode = 1;
}
