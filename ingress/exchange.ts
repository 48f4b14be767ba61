import { randomUUID } from 'node:crypto';
import { decodeEnvelope, encodeEnvelope } from '../bus/codec.ts';
import { encodeDispatch } from '../bus/dispatch.ts';
import { LIMITS } from '../config/limits.ts';
import { providerOfModel } from '../config/model-mapping.ts';
import type {
  Dispatch,
  FailedAttempt,
  FieldSpan,
  HeaderPair,
  ReplyError,
  RequestFacts,
  RouteDecision,
  RouteRequest,
  RouteTarget,
} from '../schemas/envelope.ts';
import { errorBody } from '../schemas/error.ts';
import type { ProviderId } from '../schemas/provider.ts';
import { subjects } from '../schemas/subjects.ts';
import type { IngressContext } from './context.ts';
import { finalError } from './final-error.ts';
import type { HttpReply } from './http/http.ts';
import { publishLostAttempt } from './lost-attempt.ts';
import { Relay, type RelayResult } from './relay.ts';

/** One client request on its way through the gateway. */
export interface Exchange {
  readonly requestId: string;
  readonly reply: HttpReply;
  /** Kept, with fields and headers, until the first byte has reached the client; empty from then on. */
  body: Uint8Array;
  fields: readonly FieldSpan[];
  headers: readonly HeaderPair[];
  readonly facts: RequestFacts;
  readonly query: string;
  readonly pinned: ProviderId | null;
  readonly clientKeyId: string | null;
  /** Unix milliseconds by which the first byte must have come. */
  readonly deadlineMs: number;
}

/** How an exchange ended: what the metrics count. */
export interface ExchangeResult {
  readonly status: number;
  readonly provider: ProviderId | 'none';
  readonly attempts: number;
}

/** A fresh request id: unguessable, because reply subjects are made of it. */
export function newRequestId(): string {
  // Of 122 random bits; the platform draws them in advance, many at a time.
  return `req_${randomUUID().replaceAll('-', '')}`;
}

/**
 * Serves one exchange: asks the router, tries its targets one after another until the first byte has reached the
 * client, at most `attemptsMax` upstream calls and within the deadline; then sends the answer that says why not.
 */
export async function serveExchange(
  context: IngressContext,
  exchange: Exchange,
): Promise<ExchangeResult> {
  context.bodies.put(exchange.requestId, exchange.body);
  try {
    return await new Attempts(context, exchange).run();
  } finally {
    context.bodies.delete(exchange.requestId);
  }
}

/** The attempts of one exchange: the one place where a request is tried again. */
class Attempts {
  readonly #context: IngressContext;
  readonly #exchange: Exchange;
  readonly #failures: ReplyError[] = [];
  readonly #failed: FailedAttempt[] = [];
  #dispatches = 0;
  #attempts = 0;
  #busyRetries = 0;
  #lastProvider: ProviderId | 'none' = 'none';

  constructor(context: IngressContext, exchange: Exchange) {
    this.#context = context;
    this.#exchange = exchange;
  }

  async run(): Promise<ExchangeResult> {
    const { reply } = this.#exchange;
    let targets = await this.#route();
    while (!reply.isAborted) {
      const [target, ...others] = targets;
      if (target === undefined || !this.#mayTry()) return this.#giveUp();
      const result = await this.#attempt(target);
      this.#count(target, result);
      if (result.kind === 'done') return this.#ended(result.status);
      if (result.kind === 'not-taken') {
        targets = this.#mayAskPoolAgain(result.reason) ? [target, ...others] : others;
        continue;
      }
      const error = result.kind === 'failed' ? result.error : workerLost();
      this.#failures.push(error);
      if (!error.isFailover) return this.#giveUp();
      // A vanished worker says nothing against its provider: the pool may have others.
      if (result.kind === 'failed') {
        if (!this.#context.config.isAutoFallback) return this.#giveUp();
        const status = error.upstreamStatus ?? error.status;
        const { provider, account } = target;
        this.#failed.push({ provider, account, status, errorType: error.type });
      }
      targets = await this.#route();
    }
    return this.#ended(499);
  }

  #mayTry(): boolean {
    return (
      this.#attempts < LIMITS.attemptsMax &&
      this.#dispatches < LIMITS.dispatchesMax &&
      Date.now() < this.#exchange.deadlineMs
    );
  }

  // A lost dispatch and a full member are no fault of the pool; without responders there is no pool.
  #mayAskPoolAgain(reason: string): boolean {
    if (reason === 'no-responders') return false;
    this.#busyRetries += 1;
    return this.#busyRetries <= LIMITS.busyRetriesMax;
  }

  async #route(): Promise<readonly RouteTarget[]> {
    const { bus, hub } = this.#context;
    const { requestId, pinned, facts, deadlineMs } = this.#exchange;
    const patienceMs = Math.min(LIMITS.busWaitMsMax, deadlineMs - Date.now());
    if (!bus.isConnected && !(await bus.whenConnected(patienceMs))) return [];
    const question: RouteRequest = {
      v: 1,
      requestId,
      pinned,
      facts,
      failed: this.#failed,
      hasWaited: false,
    };
    const answer = await hub.ask(encodeEnvelope(question), LIMITS.routeMsMax);
    if (answer === null) return this.#staticTargets();
    return decodeEnvelope<RouteDecision>(answer).targets;
  }

  // Routing is no single point of failure: without a router the configured order decides.
  #staticTargets(): readonly RouteTarget[] {
    const { pinned, facts } = this.#exchange;
    const { chain, modelMapping } = this.#context.config;
    const named = providerOfModel(facts.requestModel, modelMapping.providers)?.provider ?? null;
    const only = pinned ?? named;
    const failed = new Set(this.#failed.map(({ provider }) => provider));
    return chain
      .filter((provider) => (only === null || provider === only) && !failed.has(provider))
      .map((provider) => ({ provider, account: null, model: null }));
  }

  #attempt(target: RouteTarget): Promise<RelayResult> {
    const { hub, bus, relays, config } = this.#context;
    const { reply, requestId } = this.#exchange;
    const attempt = this.#dispatches;
    this.#dispatches += 1;
    const startedAtMs = Date.now();
    const relay = new Relay(
      {
        reply,
        requestId,
        ownHeaders: ({ upstreamModel }) => [
          ['request-id', requestId],
          ['x-gateway-provider', target.provider],
          ['x-gateway-model', upstreamModel],
          ['x-gateway-attempts', String(this.#attempts + 1)],
          ...(config.isSandbox ? ([['x-gateway-sandbox', 'true']] as const) : []),
        ],
        onCommit: () => {
          letGo(this.#exchange);
          this.#context.bodies.delete(requestId);
        },
        onWorkerLost: (lost) =>
          publishLostAttempt(this.#context.events, {
            exchange: this.#exchange,
            provider: target.provider,
            attempt,
            startedAtMs,
            relay: lost,
          }),
      },
      performance.now(),
    );
    const stream = hub.open(`${requestId}-${attempt}`, relay);
    reply.onAbort(() => {
      stream.cancel();
      relay.abort();
    });
    reply.onDrain(() => stream.release());
    const subject = subjects.work(target.provider);
    const message = encodeDispatch(
      this.#dispatch(attempt, target),
      this.#inlineBody(target.provider),
    );
    bus.publish(subject, message, subjects.reply(hub.ingressId, stream.streamId));
    relays.add(relay);
    return relay.result.finally(() => relays.delete(relay));
  }

  // Null: the worker pulls it.
  #inlineBody(provider: ProviderId): Uint8Array | null {
    const { body } = this.#exchange;
    const bytesMax = this.#context.localProviders.has(provider)
      ? LIMITS.inlineBodyBytesLocalMax
      : LIMITS.inlineBodyBytesMax;
    return body.length <= bytesMax ? body : null;
  }

  #dispatch(attempt: number, { account, model }: RouteTarget): Dispatch {
    const { requestId, deadlineMs, facts, clientKeyId, query, headers, fields } = this.#exchange;
    const { ingressId } = this.#context.hub;
    return {
      v: 1,
      requestId,
      attempt,
      ingressId,
      deadlineMs,
      facts,
      account,
      model,
      clientKeyId,
      query,
      headers,
      fields,
    };
  }

  #count(target: RouteTarget, result: RelayResult): void {
    this.#context.metrics.attemptsTotal.inc({ provider: target.provider, outcome: result.kind });
    if (result.kind === 'not-taken') return;
    this.#attempts += 1;
    this.#lastProvider = target.provider;
  }

  #giveUp(): ExchangeResult {
    const { reply, requestId } = this.#exchange;
    const error = finalError(this.#failures);
    const headers: HeaderPair[] = [
      ['content-type', 'application/json'],
      ...error.headers.filter(([name]) => name !== 'content-type'),
      ['request-id', requestId],
      ['x-gateway-attempts', String(this.#attempts)],
      ...(this.#lastProvider === 'none'
        ? []
        : ([['x-gateway-provider', this.#lastProvider]] as const)),
      ...(this.#context.config.isSandbox ? ([['x-gateway-sandbox', 'true']] as const) : []),
    ];
    const body = error.body ?? errorBody(error.type, error.message, requestId);
    reply.send(error.status, headers, body);
    return this.#ended(error.status);
  }

  #ended(status: number): ExchangeResult {
    return { status, provider: this.#lastProvider, attempts: this.#attempts };
  }
}

// No other attempt follows, and the answer may take minutes.
function letGo(exchange: Exchange): void {
  exchange.body = NO_BYTES;
  exchange.fields = [];
  exchange.headers = [];
}

const NO_BYTES = new Uint8Array(0);

function workerLost(): ReplyError {
  return {
    type: 'overloaded_error',
    status: 529,
    message: 'the worker that served this request was lost',
    body: null,
    headers: [['retry-after', '1']],
    upstreamStatus: null,
    isFailover: true,
  };
}
