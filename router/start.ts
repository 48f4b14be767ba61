import type { Bus } from '../bus/connect.ts';
import type { EventPublisher } from '../bus/events.ts';
import { startLease } from '../bus/lease.ts';
import type { RunningRole } from '../bus/lifecycle.ts';
import type { Log } from '../bus/log.ts';
import { subscribeObservations } from '../bus/observation-feed.ts';
import type { ObservationPublisher } from '../bus/observation-publisher.ts';
import { serveQuestions } from '../bus/questions.ts';
import { startRoutingStore } from '../bus/routing-store.ts';
import { LIMITS } from '../config/limits.ts';
import type { PriceList } from '../config/prices/price-list.ts';
import type { RouteRequest } from '../schemas/envelope.ts';
import type { ObservationBatch } from '../schemas/observation.ts';
import { queueGroups, subjects } from '../schemas/subjects.ts';
import { Brain } from './brain.ts';
import { serveCommands } from './commands.ts';
import { type RouterConfig, routerPolicy } from './router-policy.ts';
import { Snapshots } from './snapshots.ts';
import { createRoutingState } from './state/routing-state.ts';

/** What the router needs to know. */
export interface RouterOptions {
  readonly config: RouterConfig;
  /** Letters, digits, `_` and `-`; unique. */
  readonly routerId: string;
  readonly events: EventPublisher;
  readonly observations: ObservationPublisher;
  readonly prices: PriceList;
  readonly log: Log;
}

/** The name of the routers' lease. */
const LEASE = 'router';

/**
 * Answers `gw.v1.route`: whom to ask for a request, best first. Any number may run; they learn from the same observations,
 * follow the same settings, and one of them keeps what they know.
 *
 * Resolves when it has read what was kept, at the latest after `stateReadMsMax`: without JetStream it serves from memory.
 */
export async function startRouter(bus: Bus, options: RouterOptions): Promise<RunningRole> {
  const { routerId, events, observations, log } = options;
  await using stack = new AsyncDisposableStack();
  const brain = createBrain(options);
  const store = stack.use(startRoutingStore(bus, { log }));
  store.onSettings((settings) => {
    log.info({ settings }, 'routing settings');
    brain.apply(settings);
  });
  const lease = stack.use(startLease(bus, { name: LEASE, holder: routerId, log }));
  lease.onChange((isLeader) => log.info({ isLeader }, 'router'));
  const snapshots = stack.use(new Snapshots({ brain, store, lease, log, clock }));
  const learn = (batch: ObservationBatch): void => {
    if (brain.learn(batch, clock())) snapshots.missed(batch.source, batch.sequence - 1);
  };
  // First, so that what comes while the snapshot is read is not lost.
  const feed = subscribeObservations(bus, learn, { log });
  stack.defer(() => feed.unsubscribe());
  stack.defer(bus.onReconnect(() => snapshots.reconnected()));

  const kept = Promise.all([store.readSettings(), snapshots.readFirst()]).catch((error: unknown) =>
    log.warn(
      { error },
      'what routers keep cannot be read: the router starts from its configuration',
    ),
  );
  await atMost(LIMITS.stateReadMsMax, kept);
  snapshots.start();

  const context = { routerId, brain, store, lease, observations, events, log, clock };
  const commands = serveCommands(bus, context);
  const questions = serveQuestions(bus, {
    subject: subjects.route(),
    queue: queueGroups.router(),
    answer: (question) => brain.decide(question as RouteRequest, clock()).decision,
    onFailed: (error) => log.error({ error }, 'a question to the router could not be answered'),
  });
  stack.defer(() => drainAll([questions, ...commands]));
  const running = stack.move();
  return { [Symbol.asyncDispose]: () => running.disposeAsync() };
}

function createBrain({ config, prices }: Pick<RouterOptions, 'config' | 'prices'>): Brain {
  const policy = routerPolicy(config, prices);
  const state = createRoutingState({
    rateLimits: config.rateLimits,
    threshold: config.rateLimitThreshold,
    providers: policy.chain.map((provider) => ({
      provider,
      accounts: policy.accounts.get(provider) ?? [],
    })),
    random: Math.random,
  });
  return new Brain({ policy, state, strategy: config.strategy });
}

// Unix milliseconds that never go back.
function clock(): number {
  return performance.timeOrigin + performance.now();
}

async function drainAll(subscriptions: readonly { drain(): Promise<void> }[]): Promise<void> {
  await Promise.all(subscriptions.map((subscription) => subscription.drain()));
}

async function atMost(waitMs: number, work: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, waitMs);
  await Promise.race([work, late]);
  clearTimeout(timer);
}
