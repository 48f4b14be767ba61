import { fetchBody } from '../bus/body.ts';
import type { Bus, BusMessage } from '../bus/connect.ts';
import { type Dispatched, dispatchedIn } from '../bus/dispatch.ts';
import type { EventPublisher } from '../bus/events.ts';
import { encodeFrame, FRAME } from '../bus/frames.ts';
import type { RunningRole } from '../bus/lifecycle.ts';
import type { Log } from '../bus/log.ts';
import type { ObservationPublisher } from '../bus/observation-publisher.ts';
import type { ReplyHost } from '../bus/reply-host.ts';
import type { ToolStates } from '../bus/tool-states.ts';
import { LIMITS } from '../config/limits.ts';
import { PassingMap } from '../config/passing-map.ts';
import type { PriceList } from '../config/prices/price-list.ts';
import type { Dispatch } from '../schemas/envelope.ts';
import { queueGroups, subjects } from '../schemas/subjects.ts';
import type { Accounts } from './accounts.ts';
import type { Reservations, Reserved } from './reservations.ts';
import { runAttempt } from './run-attempt.ts';
import type { TokenCounter } from './token-count/token-counter.ts';
import type { UpstreamClient } from './upstream-client.ts';

/** What a pool member needs beside the bus. */
export interface WorkerOptions {
  readonly accounts: Accounts;
  readonly host: ReplyHost;
  readonly client: UpstreamClient;
  readonly events: Pick<EventPublisher, 'publish'>;
  readonly reservations: Reservations;
  readonly prices: PriceList;
  readonly observations: Pick<ObservationPublisher, 'add' | 'withdraw'>;
  readonly log: Log;
  readonly toolStates: ToolStates;
  readonly tokens: TokenCounter;
  /** Attempts served at once; more are answered BUSY. */
  readonly concurrency: number;
}

/** Serves one provider's work subject as a member of its pool; pools scale by starting more processes. */
export function startWorker(bus: Bus, options: WorkerOptions): RunningRole {
  const { accounts, host, observations } = options;
  const { providerId } = accounts;
  const inFlight = new PassingMap<number, Promise<void>>();
  let taken = 0;
  let isDraining = false;
  const isWilling = (): boolean => !isDraining && inFlight.size < options.concurrency;
  const subscription = bus.subscribe(
    subjects.work(providerId),
    (message) => {
      if (!isWilling()) {
        bus.publish(message.reply, encodeFrame(FRAME.BUSY));
        return;
      }
      // Nonsense throws here, inside the bus's guard, and takes no place.
      const dispatched = dispatchedIn(message);
      taken += 1;
      const place = taken;
      const attempt = serve(bus, { message, dispatched }, options)
        .catch((error: unknown) => options.log.error({ error }, 'attempt broke'))
        .finally(() => inFlight.delete(place));
      inFlight.set(place, attempt);
    },
    // Others of the pool help out when this process has its hands full.
    { queue: queueGroups.worker(providerId), isWillingHere: isWilling },
  );
  const tellAccounts = (isUrgent: boolean): void => {
    for (const seen of accounts.seen) observations.add(seen, { isUrgent });
  };
  tellAccounts(true);
  const timer = setInterval(() => tellAccounts(false), LIMITS.accountsToldMs);
  timer.unref();
  options.log.debug({ provider: providerId, workerId: host.workerId }, 'worker ready');
  return {
    async [Symbol.asyncDispose]() {
      isDraining = true;
      clearInterval(timer);
      await subscription.drain();
      await Promise.all(inFlight.values());
    },
  };
}

// Returns the attempt's promise instead of awaiting it: its own frame would keep the dispatch as long as the answer takes.
function serve(
  bus: Bus,
  { message, dispatched }: { message: BusMessage; dispatched: Dispatched },
  options: WorkerOptions,
): Promise<void> {
  const { accounts, host, events, observations, reservations } = options;
  const { dispatch, inlineBody } = dispatched;
  const streamId = message.reply.slice(message.reply.lastIndexOf('.') + 1);
  const sink = host.open(streamId, dispatch.ingressId);
  if (sink === null) return Promise.resolve(); // a duplicate of a dispatch that was taken before
  const body = inlineBody === null ? NO_BYTES : ownBytes(inlineBody);
  let made: Reserved | null = null;
  return runAttempt({ dispatch, body }, sink, {
    ...(inlineBody === null ? { fetchBody: () => pullBody(bus, dispatch, sink.signal) } : {}),
    provider: accounts.named(dispatch.account),
    client: options.client,
    log: options.log,
    remember: options.toolStates.put,
    countTokens: (text, how) => options.tokens.count(text, how),
    nowMs: Date.now,
    observe: observations.add,
    withdraw: observations.withdraw,
    prices: options.prices,
    reserve(reservation) {
      made = reservations.make(reservation);
      return made;
    },
    publishUsage(event, reserved) {
      if (reserved !== null) reservations.send(reserved);
      events.publish(subjects.usageEvent(accounts.providerId), event.id, event);
    },
  }).finally(() => {
    if (made !== null) reservations.end(made);
  });
}

function pullBody(bus: Bus, dispatch: Dispatch, signal: AbortSignal): Promise<Uint8Array> {
  const { ingressId, requestId, facts } = dispatch;
  return fetchBody(bus, { ingressId, requestId, bodyBytes: facts.bodyBytes }, signal);
}

// Until the answer begins a view would keep alive everything that came with it from the socket; a large one came alone.
function ownBytes(view: Uint8Array): Uint8Array {
  return view.length * 2 >= view.buffer.byteLength ? view : Buffer.from(view);
}

const NO_BYTES = new Uint8Array(0);
