import { type BodyStore, startBodyStore } from '../bus/body.ts';
import type { Bus } from '../bus/connect.ts';
import type { EventPublisher } from '../bus/events.ts';
import { watchHealth } from '../bus/health-watch.ts';
import type { Log } from '../bus/log.ts';
import type { Metrics } from '../bus/metrics.ts';
import { startModelLists } from '../bus/model-lists.ts';
import type { ObservationPublisher } from '../bus/observation-publisher.ts';
import { type ReplyHub, startReplyHub } from '../bus/reply-hub.ts';
import { watchSpending } from '../bus/spending-watch.ts';
import type { Config, Ports } from '../config/config.ts';
import { LIMITS } from '../config/limits.ts';
import { parseLiveModel } from '../config/live-models.ts';
import { portVariable } from '../config/load.ts';
import { PassingMap } from '../config/passing-map.ts';
import type { PriceList } from '../config/prices/price-list.ts';
import { GatewayError } from '../schemas/error.ts';
import type { ProviderId } from '../schemas/provider.ts';
import { createAdminAuth } from './admin-auth.ts';
import { sendError } from './answer.ts';
import { BudgetGate } from './budget-gate.ts';
import { costsView } from './budget-view.ts';
import { createClientAuth } from './client-auth.ts';
import type { IngressContext } from './context.ts';
import { newRequestId } from './exchange.ts';
import { checkHost } from './host-guard.ts';
import { selectEngine } from './http/engine.ts';
import type { HttpEngine, HttpHandler, HttpReply, HttpRequest, HttpServer } from './http/http.ts';
import { RequestCounts } from './request-counts.ts';
import { startRequestOutcomes } from './request-outcomes.ts';
import { findRoute, type Route } from './routes.ts';
import { createSnapshot } from './snapshot.ts';
import { gatherStats } from './stats.ts';

/** What the ingress needs beside the bus. */
export interface IngressOptions {
  readonly config: Config;
  readonly events: EventPublisher;
  readonly observations: Pick<ObservationPublisher, 'add'>;
  readonly prices: PriceList;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Letters, digits, `_` and `-`; part of subjects. */
  readonly ingressId: string;
  readonly localProviders: ReadonlySet<ProviderId>;
  /** Milliseconds between two reads of the providers' lists of models; the limit is the default. */
  readonly modelListsReadMs?: number;
}

/** A running ingress. Disposing it stops accepting, lets requests under way finish, then closes. */
export interface RunningIngress extends AsyncDisposable {
  /** The ports really listened on; null = switched off. */
  readonly ports: Ports;
  readonly engineName: string;
}

const KEEP_ALIVE_TICK_MS = 1_000;

/** Listens on the auto port and the pinned ports. */
export async function startIngress(bus: Bus, options: IngressOptions): Promise<RunningIngress> {
  const { config, ingressId, log } = options;
  const engine = await selectEngine(config.httpEngine, (line) => log.info(line));
  await using stack = new AsyncDisposableStack();
  const hub: ReplyHub = stack.use(startReplyHub(bus, { ingressId }));
  const bodies: BodyStore = stack.use(startBodyStore(bus, { ingressId }));
  const lists = stack.use(
    startModelLists(bus, {
      providers: config.chain,
      log,
      parse: parseLiveModel,
      ...(options.modelListsReadMs === undefined ? {} : { readMs: options.modelListsReadMs }),
    }),
  );
  const health = stack.use(watchHealth(bus, { log }));
  const budgets = config.budgets.length === 0 ? null : new BudgetGate(config, options);
  const onReport = budgets === null ? {} : { onReport: budgets.take.bind(budgets) };
  const spending = stack.use(watchSpending(bus, { log, ...onReport }));
  options.metrics.readCostsFrom(() => costsView(spending.latest(), Date.now()).by_provider);
  options.metrics.readHealthFrom(() => health.latest()?.providers ?? []);
  options.metrics.readEventsFrom(options.events);
  const ports: MutablePorts = { ...config.ports };
  const context: IngressContext = {
    bus,
    hub,
    bodies,
    events: options.events,
    outcomes: stack.use(startRequestOutcomes(options.events)),
    prices: options.prices,
    observations: options.observations,
    config,
    metrics: options.metrics,
    log,
    clientAuth: createClientAuth(config.gatewayApiKeys),
    adminAuth: createAdminAuth(config),
    health,
    spending,
    budgets,
    localProviders: options.localProviders,
    relays: new PassingMap(),
    openRequests: new Map(),
    requestCounts: new RequestCounts(),
    stats: createSnapshot(() => gatherStats(context), LIMITS.statsFreshMs),
    ports,
    liveModels: lists,
    startedAtMs: Date.now(),
    engineName: engine.name,
  };
  const keepAlive = setInterval(() => {
    const nowMs = performance.now();
    for (const relay of context.relays.values()) relay.keepAlive(nowMs);
  }, KEEP_ALIVE_TICK_MS);
  stack.defer(() => clearInterval(keepAlive));
  const servers = await listen(engine, context, { ports, stack });
  stack.defer(() => drain(servers));
  const running = stack.move();
  return {
    ports,
    engineName: engine.name,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

type MutablePorts = { -readonly [Name in keyof Ports]: Ports[Name] };

// Writes down the port that the system chose where any was asked for.
async function listen(
  engine: HttpEngine,
  context: IngressContext,
  { ports, stack }: { ports: MutablePorts; stack: AsyncDisposableStack },
): Promise<readonly HttpServer[]> {
  const { config } = context;
  const servers: HttpServer[] = [];
  for (const [name, port] of Object.entries(config.ports)) {
    if (port === null) continue;
    const pinned = name === 'auto' ? null : (name as ProviderId); // keys of Ports
    const handler: HttpHandler = (request, reply) => serve(context, { request, reply, pinned });
    const onHandlerFailure = (error: unknown): void =>
      context.log.error({ error }, 'http handler failed');
    const listening = engine.listen({ host: config.host, port, handler, onHandlerFailure });
    const server = stack.use(await listening.catch((error: unknown) => failToListen(error, name)));
    servers.push(server);
    ports[name as keyof Ports] = server.port; // keys of Ports
  }
  return servers;
}

// The user knows the port by its variable.
function failToListen(error: unknown, name: string): never {
  const variable = portVariable(name as keyof Ports); // keys of Ports
  throw error instanceof Error ? Object.assign(error, { variable }) : error;
}

/** Answers one request: host, route, key, handler; every failure becomes Anthropic's error shape. */
async function serve(
  context: IngressContext,
  call: { request: HttpRequest; reply: HttpReply; pinned: ProviderId | null },
): Promise<void> {
  const { request, reply, pinned } = call;
  const requestId = newRequestId();
  try {
    checkHost(request, hostPolicy(context.config));
    if (request.method === 'HEAD') {
      reply.send(200, [['request-id', requestId]], '');
      return;
    }
    const route = findRoute(request.method, request.path);
    if (route === undefined) throw new GatewayError('not_found_error', 'Not Found');
    const clientKeyId = authorize(context, route, request);
    await route.handle({ context, request, reply, requestId, pinned, clientKeyId });
  } catch (error) {
    answerFailure(context, { reply, requestId, error });
  }
}

function authorize(
  { clientAuth, adminAuth }: IngressContext,
  { access }: Route,
  request: HttpRequest,
): string | null {
  if (access === 'client') return clientAuth((name) => request.header(name));
  if (access === 'admin') adminAuth((name) => request.header(name));
  return null;
}

// DNS rebinding lets a page reach us, but it holds no client key: where keys are asked for, any name will do.
function hostPolicy(config: Config): { host: string; allowed: readonly string[] } {
  const { host, allowedHosts, gatewayApiKeys } = config;
  return { host, allowed: gatewayApiKeys.length > 0 ? ANY_HOST : allowedHosts };
}

const ANY_HOST = ['*'];

function answerFailure(
  context: IngressContext,
  failure: { reply: HttpReply; requestId: string; error: unknown },
): void {
  const { reply, requestId, error } = failure;
  if (error instanceof GatewayError) {
    context.log.debug({ requestId, type: error.type, status: error.status }, error.message);
  } else context.log.error({ requestId, error }, 'request failed');
  if (reply.isAborted) return;
  if (reply.isStarted) reply.cut();
  else if (error instanceof GatewayError) sendError(reply, error, requestId);
  else sendError(reply, new GatewayError('api_error', 'Internal server error'), requestId);
}

async function drain(servers: readonly HttpServer[]): Promise<void> {
  for (const server of servers) server.stopAccepting();
  const giveUpAtMs = performance.now() + LIMITS.drainMsMax;
  while (servers.some((server) => server.activeRequests > 0) && performance.now() < giveUpAtMs) {
    await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
  }
}

const DRAIN_POLL_MS = 50;
