import type { WindowKind } from './observation.ts';
import type { ProviderId } from './provider.ts';
import type { RequestClass } from './request-class.ts';
import type { Usage } from './usage.ts';

/** A header as it came: name in lower case, value unchanged. Order and repetition are kept. */
export type HeaderPair = readonly [name: string, value: string];

/** What the client wants done. */
export type Operation = 'messages' | 'count_tokens';

/** Why an attempt of this request failed, for the router's next choice and the final answer. */
export interface FailedAttempt {
  readonly provider: ProviderId;
  /** Null = nobody chose one: the pool's first. */
  readonly account: string | null;
  readonly status: number;
  readonly errorType: string;
}

/**
 * The routing facts of a request, read from its bytes without parsing it whole.
 *
 * Everything a strategy may look at; nothing of the prompt.
 */
export interface RequestFacts {
  readonly operation: Operation;
  readonly requestModel: string;
  readonly isStream: boolean;
  /** The client's `max_tokens`; 0 when it sent none. */
  readonly maxOutputTokens: number;
  readonly bodyBytes: number;
  /** Rough size of the prompt in tokens, from its bytes. */
  readonly inputTokensEstimate: number;
  readonly hasTools: boolean;
  readonly hasThinking: boolean;
  readonly hasImages: boolean;
  /** The request asks for the provider's own web search. */
  readonly hasWebSearch: boolean;
  readonly sessionId: string | null;
  /** The subagent within the session; null = the main conversation. */
  readonly agentId: string | null;
  readonly requestClass: RequestClass;
  /** How long the request asks the provider to keep its prompt: 0, 300,000 or 3,600,000 milliseconds. */
  readonly cacheTtlMs: number;
}

/** Ingress → router: asks for the providers to try, best first. */
export interface RouteRequest {
  readonly v: 1;
  readonly requestId: string;
  /** The only provider allowed, on a pinned port; null on the auto port. */
  readonly pinned: ProviderId | null;
  readonly facts: RequestFacts;
  readonly failed: readonly FailedAttempt[];
  /** Providers whose budget has too little left for the request. */
  readonly barred?: readonly ProviderId[];
  /** The request has waited for a rate limit already: it does so once. */
  readonly hasWaited: boolean;
}

/** One provider to try, who pays, and what to ask it for. */
export interface RouteTarget {
  readonly provider: ProviderId;
  /** Null = the pool's first account. */
  readonly account: string | null;
  /** The name to resolve at the provider instead of the client's `model`; null = the client's. */
  readonly model: string | null;
  /**
   * Tokens of the prompt that are likely cached there, as `inputTokensEstimate` counts; 0 = none known. Routers of before say
   * nothing: whoever reads a decision takes that for 0.
   */
  readonly cachedTokens: number;
}

/** Why the first target of a decision is the first. A closed list: it is a metric's label. */
export const ROUTE_REASONS = [
  'pinned',
  'only_candidate',
  'rule',
  'session',
  'cost',
  'performance',
  'availability',
  'score',
  'fallback',
  'last_resort',
  'waiting',
  'nobody',
  'no_router',
] as const;
/** One of ROUTE_REASONS. */
export type RouteReason = (typeof ROUTE_REASONS)[number];

/** Router → ingress: the targets, best first, and why. Empty = nobody can serve this. */
export interface RouteDecision {
  readonly v: 1;
  readonly targets: readonly RouteTarget[];
  readonly strategy: string;
  readonly reason: RouteReason;
  /** Milliseconds to wait before the first target is tried: its rate limit is about to reset. */
  readonly waitMs: number;
  /** Why there is no target, in words for the client; null = there are some. */
  readonly refusal: string | null;
}

/** A top-level field of the request body, by byte offsets into it. */
export interface FieldSpan {
  readonly name: string;
  /** Offset of the quote that opens the key. */
  readonly keyStart: number;
  /** Offsets of the value: first byte, and the byte after its last. */
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** Ingress → worker: everything one attempt needs, except the body's bytes. */
export interface Dispatch {
  readonly v: 1;
  readonly requestId: string;
  readonly attempt: number;
  readonly ingressId: string;
  /** Unix milliseconds by which the first byte must have come. */
  readonly deadlineMs: number;
  readonly facts: RequestFacts;
  /** Which account pays; null = the pool's first. */
  readonly account: string | null;
  /** The name to resolve at the provider; null = the client's own (`facts.requestModel`). */
  readonly model: string | null;
  /** `RouteTarget.cachedTokens`, at most `facts.inputTokensEstimate`; missing = 0, from an ingress of before. */
  readonly cachedTokens?: number;
  readonly clientKeyId: string | null;
  /** The client's path and query, e.g. `/v1/messages` and `beta=true`. */
  readonly query: string;
  /** The client's headers that may travel: hop-by-hop headers and client credentials are already out. */
  readonly headers: readonly HeaderPair[];
  /** Top-level fields of the body, in order. */
  readonly fields: readonly FieldSpan[];
}

/** Worker → ingress, before the first byte of an answer. */
export interface ReplyHead {
  readonly status: number;
  /** Headers for the client: already filtered by the worker. */
  readonly headers: readonly HeaderPair[];
  /** `sse`: DATA holds whole Anthropic events. `json`: DATA is one JSON body, in pieces. */
  readonly kind: 'sse' | 'json';
  /** The model the provider was asked for. */
  readonly upstreamModel: string;
}

/** Worker → ingress: the answer is whole. */
export interface ReplyEnd {
  readonly usage: Usage;
  readonly stopReason: string | null;
}

/** Worker → ingress: the attempt failed. With `body`, the client may get the upstream's own words. */
export interface ReplyError {
  readonly type: string;
  /** HTTP status for the client, should this be the final answer. */
  readonly status: number;
  readonly message: string;
  /** The upstream's error body when its wire is the client's: relayed verbatim. */
  readonly body: string | null;
  readonly headers: readonly HeaderPair[];
  /** The status the upstream really sent (401 of a bad provider credential becomes 502 for the client); null = none. */
  readonly upstreamStatus: number | null;
  /** Another provider may be asked. */
  readonly isFailover: boolean;
  /** The window that a rate limit is about, where the upstream said so. */
  readonly limitedBy?: WindowKind;
}
