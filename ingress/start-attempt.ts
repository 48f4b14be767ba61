import { parcelOfDispatch } from '../bus/dispatch.ts';
import { LIMITS } from '../config/limits.ts';
import type { Dispatch, HeaderPair, ReplyHead, RouteTarget } from '../schemas/envelope.ts';
import type { ProviderId } from '../schemas/provider.ts';
import { subjects } from '../schemas/subjects.ts';
import type { IngressContext } from './context.ts';
import type { Exchange } from './exchange.ts';
import { publishLostAttempt } from './lost-attempt.ts';
import { Relay, type RelayResult } from './relay.ts';

/** One dispatch of an exchange. */
export interface AttemptOptions {
  readonly exchange: Exchange;
  readonly target: RouteTarget;
  /** Counts the exchange's dispatches, from 0. */
  readonly attempt: number;
  /** Unix milliseconds by which its first byte must have come. */
  readonly deadlineMs: number;
  /** The gateway's own headers, made when the answer starts. */
  ownHeaders(head: ReplyHead): readonly HeaderPair[];
}

/** Dispatches the exchange to a pool and relays what comes back; resolves when the attempt is over. */
export function startAttempt(
  context: IngressContext,
  options: AttemptOptions,
): Promise<RelayResult> {
  const { hub, bus, relays, bodies } = context;
  const { exchange, target, attempt, ownHeaders } = options;
  const { provider } = target;
  const { reply, requestId } = exchange;
  const startedAtMs = Date.now();
  const relay = new Relay(
    {
      reply,
      requestId,
      ownHeaders,
      onCommit: () => {
        letGo(exchange);
        bodies.delete(requestId);
      },
      onWorkerLost: (lost) =>
        publishLostAttempt(context, { exchange, target, attempt, startedAtMs, relay: lost }),
    },
    performance.now(),
  );
  const stream = hub.open(`${requestId}-${attempt}`, relay);
  reply.onAbort(() => {
    stream.cancel();
    relay.abort();
  });
  reply.onDrain(() => stream.release());
  const body = inlineBody(context, exchange, provider);
  if (body === null) bodies.put(requestId, exchange.body);
  const message = parcelOfDispatch({ dispatch: dispatchOf(context, options), inlineBody: body });
  bus.publish(subjects.work(provider), message, subjects.reply(hub.ingressId, stream.streamId));
  relays.set(stream.streamId, relay);
  return relay.result.finally(() => relays.delete(stream.streamId));
}

// Null: the worker pulls it.
function inlineBody(
  { localProviders }: IngressContext,
  { body }: Exchange,
  provider: ProviderId,
): Uint8Array | null {
  const bytesMax = localProviders.has(provider)
    ? LIMITS.inlineBodyBytesLocalMax
    : LIMITS.inlineBodyBytesMax;
  return body.length <= bytesMax ? body : null;
}

function dispatchOf(
  { hub }: IngressContext,
  { exchange, target, attempt, deadlineMs }: AttemptOptions,
): Dispatch {
  const { requestId, facts, clientKeyId, query, headers, fields } = exchange;
  const { ingressId } = hub;
  const { account, model, cachedTokens } = target;
  return {
    v: 1,
    requestId,
    attempt,
    ingressId,
    deadlineMs,
    facts,
    account,
    model,
    cachedTokens: Math.min(cachedTokens, facts.inputTokensEstimate),
    clientKeyId,
    query,
    headers,
    fields,
  };
}

// No other attempt follows, and the answer may take minutes.
function letGo(exchange: Exchange): void {
  exchange.body = NO_BYTES;
  exchange.fields = [];
  exchange.headers = [];
}

const NO_BYTES = new Uint8Array(0);
