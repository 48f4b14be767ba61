import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { askCommand, askEveryone } from '../../../bus/commands.ts';
import { type Bus, connectBus } from '../../../bus/connect.ts';
import { type EventPublisher, startEventPublisher } from '../../../bus/events.ts';
import { createLog } from '../../../bus/log.ts';
import {
  type ObservationPublisher,
  startObservationPublisher,
} from '../../../bus/observation-publisher.ts';
import { startReplyHub } from '../../../bus/reply-hub.ts';
import { ensureStreams } from '../../../bus/streams.ts';
import { loadConfig } from '../../../config/load.ts';
import { createPriceList } from '../../../config/prices/price-list.ts';
import { startRouter } from '../../../router/start.ts';
import type { RouteDecision } from '../../../schemas/envelope.ts';
import type { AttemptEnded } from '../../../schemas/observation.ts';
import type { RouterStats } from '../../../schemas/routing.ts';
import { type RouterCommand, subjects } from '../../../schemas/subjects.ts';
import { NO_USAGE } from '../../../schemas/usage.ts';
import { sandboxEnvironment } from '../../support/gateway.ts';
import type { TestNats } from '../../support/nats.ts';

const log = createLog({ level: 'silent', name: 'test' });
const WAIT_MS = 5_000;
const QUIET_MS = 100;

/** Connects to the server of a test. */
export function connect(
  { url: servers, user, password }: Pick<TestNats, 'url'> & Partial<TestNats>,
  name = 'test',
): Promise<Bus> {
  const login = user === undefined || password === undefined ? {} : { user, password };
  return connectBus({ servers, ...login, name, log });
}

/** A router with a connection of its own. */
export interface RunningRouter extends AsyncDisposable {
  readonly routerId: string;
  readonly bus: Bus;
  readonly observations: ObservationPublisher;
  readonly events: EventPublisher;
  /** Like `kill -9`: nothing is written, nothing given back. */
  kill(): Promise<void>;
}

/** Starts a router that keeps to the chain's order; `spoil` may change what its bus does. */
export async function startTestRouter(
  nats: Pick<TestNats, 'url'> & Partial<TestNats>,
  routerId: string,
  options: { spoil?: (bus: Bus) => Bus; hasStreams?: boolean } = {},
): Promise<RunningRouter> {
  const { spoil = (whole) => whole, hasStreams = true } = options;
  const bus = await connect(nats, routerId);
  const environment = {
    ...sandboxEnvironment('http://127.0.0.1:1'),
    DEFAULT_ROUTING_STRATEGY: 'availability',
  };
  const config = loadConfig(environment, { projectDir: import.meta.dirname });
  if (hasStreams) await ensureStreams(bus);
  const dataDir = path.join(tmpdir(), `gateway-test-${randomUUID()}`); // made when something is left
  const events = startEventPublisher(bus, { log, dataDir });
  const prices = createPriceList(config.prices);
  const observations = startObservationPublisher(bus, { source: routerId });
  const router = await startRouter(spoil(bus), {
    config,
    routerId,
    events,
    observations,
    prices,
    log,
  });
  await bus.connection.flush();
  return {
    routerId,
    bus,
    observations,
    events,
    async kill() {
      await bus.connection.close();
    },
    async [Symbol.asyncDispose]() {
      await router[Symbol.asyncDispose]();
      await events[Symbol.asyncDispose]();
      await observations[Symbol.asyncDispose]();
      await bus[Symbol.asyncDispose]();
    },
  };
}

/** What every router tells about itself, by its id. */
export async function statsOf(bus: Bus): Promise<ReadonlyMap<string, RouterStats>> {
  const patience = { waitMs: WAIT_MS, quietMs: QUIET_MS };
  const all = await askEveryone<RouterStats>(bus, subjects.routerCommand('stats'), {}, patience);
  return new Map(all.map((stats) => [stats.routerId, stats]));
}

/** Has one router do something. */
export async function command(bus: Bus, verb: RouterCommand, payload: unknown): Promise<unknown> {
  const answer = await askCommand(bus, subjects.routerCommand(verb), payload, WAIT_MS);
  assert.notEqual(answer, null, 'a router answered');
  return answer;
}

/** Asks one router whom to ask; null for those that got no answer. */
export async function route(
  bus: Bus,
  questions: readonly object[],
): Promise<readonly (RouteDecision | null)[]> {
  await using hub = startReplyHub(bus, { ingressId: `in${Date.now()}` });
  await bus.connection.flush();
  const answers = await Promise.all(questions.map((question) => hub.ask(question, WAIT_MS / 5)));
  return answers as readonly (RouteDecision | null)[];
}

let attempts = 0;

/** An attempt at Anthropic that is over; it succeeded. */
export function ended(fields: Partial<AttemptEnded> = {}): AttemptEnded {
  attempts += 1;
  return {
    kind: 'ended',
    attemptId: `req_${attempts}.1`,
    provider: 'anthropic',
    account: 'ANTHROPIC_API_KEY',
    upstreamModel: 'claude-sonnet-5-5',
    outcome: 'completed',
    failure: null,
    status: 200,
    retryAfterMs: null,
    windows: [],
    firstContentMs: 300,
    durationMs: 2_000,
    isStream: true,
    requestClass: 'main',
    conversation: null,
    cacheTtlMs: 0,
    usage: { ...NO_USAGE, inputTokens: 100, outputTokens: 100 },
    isEstimated: false,
    ...fields,
  };
}

/** The upstream refused for ten minutes. */
export function rateLimited(fields: Partial<AttemptEnded> = {}): AttemptEnded {
  const refusal = { outcome: 'failed', failure: 'rate_limited', status: 429 } as const;
  return ended({
    ...refusal,
    retryAfterMs: 600_000,
    usage: NO_USAGE,
    firstContentMs: null,
    ...fields,
  });
}
