/** The attempts of one request as `ingress/exchange.ts` makes them, in virtual time. */
import { LIMITS } from '../../config/limits.ts';
import { finalError } from '../../ingress/final-error.ts';
import { RATE_LIMITED, shortRateLimitMs } from '../../ingress/short-rate-limit.ts';
import type {
  FailedAttempt,
  ReplyError,
  RequestFacts,
  RouteDecision,
  RouteTarget,
} from '../../schemas/envelope.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import { callUpstream } from './attempt.ts';
import type { Turn } from './day.ts';
import { MODEL } from './providers.ts';
import type { Process } from './timeline.ts';
import type { World } from './world.ts';

/** What the client gets. */
export type Answer =
  | { readonly kind: 'answered'; readonly provider: ProviderId; readonly firstContentMs: number }
  | { readonly kind: 'error'; readonly hasBegun: boolean; readonly retryAfterMs: number | null };

const ROUTE_MS = 1;

/** Serves one request: at most three attempts, none after the first byte. */
export function* serve(world: World, turn: Turn, requestId: string): Process<Answer> {
  return yield* new Attempts(world, turn, requestId).run();
}

class Attempts {
  readonly #world: World;
  readonly #turn: Turn;
  readonly #requestId: string;
  readonly #startMs: number;
  readonly #failures: ReplyError[] = [];
  #failed: readonly FailedAttempt[] = [];
  #attempts = 0;
  #hasWaited = false;

  constructor(world: World, turn: Turn, requestId: string) {
    this.#world = world;
    this.#turn = turn;
    this.#requestId = requestId;
    this.#startMs = world.timeline.nowMs;
  }

  *run(): Process<Answer> {
    let targets = yield* this.#route();
    for (;;) {
      const [target] = targets;
      if (target === undefined || !this.#mayTry()) return this.#giveUp();
      const attemptId = `${this.#requestId}.${this.#attempts}`;
      this.#attempts += 1;
      const patienceMs = this.#leftMs();
      const { call, error, sinceMs } = yield* callUpstream(this.#world, {
        provider: target.provider,
        turn: this.#turn,
        attemptId,
        patienceMs,
      });
      if (call.failure === null) {
        const firstContentMs = sinceMs + (call.firstContentMs ?? call.durationMs);
        return { kind: 'answered', provider: target.provider, firstContentMs };
      }
      // After the first byte the client sees it fail.
      if (call.firstContentMs !== null)
        return { kind: 'error', hasBegun: true, retryAfterMs: null };
      this.#note(target, error);
      targets = yield* this.#route();
    }
  }

  #note({ provider, account }: RouteTarget, error: ReplyError): void {
    this.#failures.push(error);
    const status = error.upstreamStatus ?? error.status;
    this.#failed = [...this.#failed, { provider, account, status, errorType: error.type }];
  }

  #mayTry(): boolean {
    return this.#attempts < LIMITS.attemptsMax && this.#leftMs() > 0;
  }

  #leftMs(): number {
    return this.#startMs + LIMITS.firstByteMsMax - this.#world.timeline.nowMs;
  }

  *#route(): Process<readonly RouteTarget[]> {
    const { targets, waitMs } = yield* this.#ask();
    if (waitMs > 0) yield* this.#wait(waitMs);
    else if (targets.length === 0) return yield* this.#routeAfterRateLimit();
    return targets;
  }

  *#routeAfterRateLimit(): Process<readonly RouteTarget[]> {
    const waitMs = shortRateLimitMs(this.#failures);
    if (waitMs === null || !(yield* this.#wait(waitMs))) return [];
    this.#failed = this.#failed.filter(({ status }) => status !== RATE_LIMITED);
    return (yield* this.#ask()).targets;
  }

  *#ask(): Process<RouteDecision> {
    yield ROUTE_MS;
    const { router, timeline } = this.#world;
    const history = { failed: this.#failed, hasWaited: this.#hasWaited };
    const question = { v: 1, requestId: this.#requestId, pinned: null, ...history } as const;
    return router.decide({ ...question, facts: factsOf(this.#turn) }, timeline.nowMs);
  }

  *#wait(waitMs: number): Process<boolean> {
    if (this.#hasWaited || waitMs >= this.#leftMs() || !this.#mayTry()) return false;
    this.#hasWaited = true;
    yield waitMs;
    return true;
  }

  #giveUp(): Answer {
    const { headers } = finalError(this.#failures, null);
    const seconds = headers.find(([name]) => name === 'retry-after')?.[1];
    return {
      kind: 'error',
      hasBegun: false,
      retryAfterMs: seconds === undefined ? null : Number(seconds) * 1_000,
    };
  }
}

const BYTES_PER_TOKEN = 4;

function factsOf(turn: Turn): RequestFacts {
  const isSide = turn.requestClass === 'title' || turn.requestClass === 'auxiliary';
  return {
    operation: 'messages',
    requestModel: MODEL,
    isStream: true,
    maxOutputTokens: 32_000,
    bodyBytes: turn.estimatedTokens * BYTES_PER_TOKEN,
    inputTokensEstimate: turn.estimatedTokens,
    hasTools: !isSide,
    hasThinking: !isSide,
    hasImages: false,
    hasWebSearch: false,
    sessionId: turn.sessionId,
    agentId: turn.agentId,
    requestClass: turn.requestClass,
    cacheTtlMs: turn.cacheTtlMs,
  };
}
