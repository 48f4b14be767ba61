import { randomUUID } from 'node:crypto';
import { LIMITS } from '../config/limits.ts';
import type {
  FailedAttempt,
  FieldSpan,
  HeaderPair,
  ReplyError,
  RequestFacts,
  RouteDecision,
  RouteTarget,
} from '../schemas/envelope.ts';
import type { ProviderId } from '../schemas/provider.ts';
import { attemptDeadlineMs } from './attempt-deadline.ts';
import { BudgetClaims } from './budget-claims.ts';
import type { IngressContext } from './context.ts';
import { FallbackTrail } from './fallback-trail.ts';
import { finalError } from './final-error.ts';
import type { HttpReply } from './http/http.ts';
import type { RelayResult } from './relay.ts';
import { askForRoute } from './route-question.ts';
import { sendFinalError } from './send-final-error.ts';
import { isRateLimit, RATE_LIMITED, shortRateLimitMs } from './short-rate-limit.ts';
import { startAttempt } from './start-attempt.ts';
import { waitUnlessAborted } from './wait-unless-aborted.ts';

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
  /** Another target than the first was tried. */
  readonly isFallback: boolean;
  /** A provider answered with a rate limit. */
  readonly isRateLimited: boolean;
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
  #failed: readonly FailedAttempt[] = [];
  readonly #trail: FallbackTrail;
  readonly #budgets: BudgetClaims;
  #decision: RouteDecision | null = null;
  #dispatches = 0;
  #attempts = 0;
  #busyRetries = 0;
  #hasWaited = false;
  #isRateLimited = false;
  #lastProvider: ProviderId | 'none' = 'none';

  constructor(context: IngressContext, exchange: Exchange) {
    this.#context = context;
    this.#exchange = exchange;
    this.#trail = new FallbackTrail(context.metrics);
    this.#budgets = new BudgetClaims(context.budgets, exchange);
  }

  async run(): Promise<ExchangeResult> {
    const { reply } = this.#exchange;
    let targets = await this.#route();
    while (!reply.isAborted) {
      const [target, ...others] = targets;
      if (target === undefined || !this.#mayTry()) return this.#giveUp();
      const hold = this.#budgets.hold(target, this.#dispatches);
      if (hold === null) {
        targets = others;
        continue;
      }
      const result = await hold.during(() => this.#attempt(target, others.length > 0));
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
        const failed = { provider, account, status, errorType: error.type };
        this.#failed = [...this.#failed, failed];
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
    const { targets, waitMs } = await this.#ask();
    if (waitMs > 0) await this.#wait(waitMs);
    else if (targets.length === 0) return this.#routeAfterRateLimit();
    return targets;
  }

  // All have failed: those that only wanted a moment get a second chance.
  async #routeAfterRateLimit(): Promise<readonly RouteTarget[]> {
    const waitMs = shortRateLimitMs(this.#failures);
    if (waitMs === null || !(await this.#wait(waitMs))) return [];
    this.#failed = this.#failed.filter(({ status }) => status !== RATE_LIMITED);
    return (await this.#ask()).targets;
  }

  async #ask(): Promise<RouteDecision> {
    const barred = this.#budgets.barred();
    const history = { failed: this.#failed, hasWaited: this.#hasWaited };
    this.#decision = await askForRoute(
      this.#context,
      this.#exchange,
      barred.length === 0 ? history : { ...history, barred },
    );
    return this.#decision;
  }

  // Once, and not beyond the deadline: false = there was no wait, or the client left meanwhile.
  async #wait(waitMs: number): Promise<boolean> {
    const isTooLate = Date.now() + waitMs >= this.#exchange.deadlineMs;
    if (this.#hasWaited || isTooLate || !this.#mayTry()) return false;
    this.#hasWaited = true;
    await waitUnlessAborted(this.#exchange.reply, waitMs);
    return !this.#exchange.reply.isAborted;
  }

  #attempt(target: RouteTarget, isFollowed: boolean): Promise<RelayResult> {
    const { deadlineMs, facts } = this.#exchange;
    const hasOthers =
      isFollowed && this.#context.config.isAutoFallback && this.#attempts + 1 < LIMITS.attemptsMax;
    const attempt = this.#dispatches;
    this.#dispatches += 1;
    this.#trail.dispatched(target);
    return startAttempt(this.#context, {
      exchange: this.#exchange,
      target,
      attempt,
      deadlineMs: attemptDeadlineMs(
        { deadlineMs, isStream: facts.isStream, hasOthers },
        Date.now(),
      ),
      ownHeaders: ({ upstreamModel }) => [
        ['x-gateway-model', upstreamModel],
        ...this.#headers(target.provider, this.#attempts + 1),
      ],
    });
  }

  #count(target: RouteTarget, result: RelayResult): void {
    const { metrics } = this.#context;
    const { provider } = target;
    metrics.attemptsTotal.inc({ provider, outcome: result.kind });
    this.#trail.ended(result);
    if (result.kind === 'not-taken') return;
    this.#attempts += 1;
    this.#lastProvider = provider;
    if (result.kind === 'failed' && isRateLimit(result.error)) {
      this.#isRateLimited = true;
      metrics.countRateLimit(provider, result.error.limitedBy ?? 'unknown');
    }
  }

  #giveUp(): ExchangeResult {
    const { reply, requestId } = this.#exchange;
    const { refusal } = this.#budgets;
    const isRefused = this.#failures.length === 0 && refusal !== null;
    const error = isRefused ? refusal : finalError(this.#failures, this.#decision?.refusal ?? null);
    const headers = this.#headers(this.#lastProvider, this.#attempts);
    sendFinalError(reply, error, { requestId, headers });
    return this.#ended(error.status);
  }

  #headers(provider: ProviderId | 'none', attempts: number): readonly HeaderPair[] {
    const headers: HeaderPair[] = [
      ['request-id', this.#exchange.requestId],
      ['x-gateway-attempts', String(attempts)],
    ];
    if (provider !== 'none') headers.push(['x-gateway-provider', provider]);
    const { first } = this.#trail;
    if (provider !== 'none' && first !== null && first !== provider) {
      headers.push(['x-gateway-fallback', first]);
    }
    if (this.#decision !== null) {
      const { strategy, reason } = this.#decision;
      headers.push(['x-gateway-route', `${strategy}; ${reason}`]);
    }
    if (this.#context.config.isSandbox) headers.push(['x-gateway-sandbox', 'true']);
    return headers;
  }

  #ended(status: number): ExchangeResult {
    return {
      status,
      provider: this.#lastProvider,
      attempts: this.#attempts,
      isFallback: this.#trail.hasFallenBack,
      isRateLimited: this.#isRateLimited,
    };
  }
}

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
