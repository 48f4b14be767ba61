import { fetchBody } from '../bus/body.ts';
import type { Bus, BusMessage } from '../bus/connect.ts';
import { decodeDispatch } from '../bus/dispatch.ts';
import type { EventPublisher } from '../bus/events.ts';
import { encodeFrame, FRAME } from '../bus/frames.ts';
import type { RunningRole } from '../bus/lifecycle.ts';
import type { Log } from '../bus/log.ts';
import type { ReplyHost } from '../bus/reply-host.ts';
import type { ReplySink } from '../bus/reply-sink.ts';
import type { Dispatch } from '../schemas/envelope.ts';
import { GatewayError } from '../schemas/error.ts';
import { queueGroups, subjects } from '../schemas/subjects.ts';
import { usageEventId } from '../schemas/usage.ts';
import type { Provider } from './provider.ts';
import { runAttempt } from './run-attempt.ts';
import type { UpstreamClient } from './upstream-client.ts';

/** What a pool member needs beside the bus. */
export interface WorkerOptions {
  readonly provider: Provider;
  readonly host: ReplyHost;
  readonly client: UpstreamClient;
  readonly events: EventPublisher;
  readonly log: Log;
  /** Attempts served at once; more are answered BUSY. */
  readonly concurrency: number;
}

/** Serves one provider's work subject as a member of its pool; pools scale by starting more processes. */
export function startWorker(bus: Bus, options: WorkerOptions): RunningRole {
  const { provider, host } = options;
  const inFlight = new Set<Promise<void>>();
  let isDraining = false;
  const subscription = bus.subscribe(
    subjects.work(provider.id),
    (message) => {
      if (isDraining || inFlight.size >= options.concurrency) {
        bus.publish(message.reply, encodeFrame(FRAME.BUSY));
        return;
      }
      // Nonsense throws here, inside the bus's guard, and takes no place.
      const dispatched = decodeDispatch(message.data);
      const attempt = serve(bus, { message, dispatched }, options)
        .catch((error: unknown) => options.log.error({ error }, 'attempt broke'))
        .finally(() => inFlight.delete(attempt));
      inFlight.add(attempt);
    },
    { queue: queueGroups.worker(provider.id) },
  );
  options.log.debug({ provider: provider.id, workerId: host.workerId }, 'worker ready');
  return {
    async [Symbol.asyncDispose]() {
      isDraining = true;
      await subscription.drain();
      await Promise.all(inFlight);
    },
  };
}

async function serve(
  bus: Bus,
  { message, dispatched }: { message: BusMessage; dispatched: ReturnType<typeof decodeDispatch> },
  options: WorkerOptions,
): Promise<void> {
  const { provider, host, events } = options;
  const { dispatch, inlineBody } = dispatched;
  const streamId = message.reply.slice(message.reply.lastIndexOf('.') + 1);
  const sink = host.open(streamId, dispatch.ingressId);
  if (sink === null) return; // a duplicate of a dispatch that was taken before
  // A copy: the view would keep alive everything that came with it from the socket, as long as the answer takes.
  const body =
    inlineBody === null ? await bodyOf(bus, { dispatch, sink }) : Uint8Array.from(inlineBody);
  if (body === null) return;
  await runAttempt({ dispatch, body }, sink, {
    provider,
    client: options.client,
    log: options.log,
    nowMs: Date.now,
    publishUsage: (event) =>
      events.publish(
        subjects.usageEvent(provider.id),
        usageEventId(event.requestId, event.attempt),
        event,
      ),
  });
}

// Null when the body cannot be had: the attempt has then failed before it began.
async function bodyOf(
  bus: Bus,
  options: { dispatch: Dispatch; sink: ReplySink },
): Promise<Uint8Array | null> {
  const { dispatch, sink } = options;
  const { ingressId, requestId, facts } = dispatch;
  try {
    const reference = { ingressId, requestId, bodyBytes: facts.bodyBytes };
    return await fetchBody(bus, reference, sink.signal);
  } catch (error) {
    if (sink.signal.aborted) return null;
    const cause = error instanceof GatewayError ? error : bodyUnavailable(error);
    sink.error({
      type: cause.type,
      status: cause.status,
      message: cause.message,
      body: null,
      headers: [],
      upstreamStatus: null,
      isFailover: true,
    });
    return null;
  }
}

function bodyUnavailable(cause: unknown): GatewayError {
  return new GatewayError('api_error', 'the request body could not be fetched', {
    status: 502,
    cause,
  });
}
