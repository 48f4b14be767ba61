import type { Dispatch, HeaderPair } from '../schemas/envelope.ts';
import type { ProviderId } from '../schemas/provider.ts';
import type { ThinkingDisplay } from './translation/message-writer.ts';
import type { Wire } from './wire.ts';

/** The HTTP call of one attempt. */
export interface UpstreamRequest {
  /** Scheme, host and port: `https://openrouter.ai`. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: readonly HeaderPair[];
  /** The body, in pieces that are sent one after another (an unchanged body is not copied to be edited). */
  readonly body: readonly Uint8Array[];
  /** The model asked for, in the provider's spelling. */
  readonly upstreamModel: string;
  /** Where a provider speaks several wires: the one of this request. */
  readonly wire?: Wire;
  /** How a translated request's answer is to be read; a request that passed through has none. */
  readonly translation?: Translation;
}

/** What a request's translation means for its answer. */
export interface Translation {
  readonly thinkingDisplay: ThinkingDisplay;
  /** Tools that were respelled: the provider's name → the client's. */
  readonly toolNames: ReadonlyMap<string, string>;
  /** What could not be carried: told in the header `x-gateway-warnings`. */
  readonly warnings: readonly string[];
}

/**
 * One attempt's input: the dispatch and the client's body as it came. Body, headers and fields are emptied when the
 * upstream has answered: its stream may take minutes, and nothing is asked again.
 */
export interface Work {
  dispatch: Dispatch;
  body: Uint8Array;
}

/** An answer that refused a request. */
export interface RefusedAnswer {
  readonly status: number;
  readonly body: Uint8Array;
  /** The attempt it belongs to. */
  readonly work: Work;
}

/**
 * What a provider module exports: where the upstream is, with what credentials, and its quirks. What the bytes
 * mean is the wire's business.
 */
export interface Provider {
  readonly id: ProviderId;
  readonly wire: Wire;
  /** The name of the credential that pays, for the ledger; never the credential. */
  readonly account: string;
  /** True when the provider has a counter of its own; the others' tokens are estimated in the worker. */
  readonly countsTokens?: boolean;
  /**
   * Builds the call. Throws GatewayError when this provider cannot carry the request.
   * `signal` ends waits for credentials.
   */
  request(work: Work, signal: AbortSignal): Promise<UpstreamRequest>;
  /**
   * Called when the upstream refused the credential (401): true = it was renewed, try once more.
   */
  renewCredential?(): Promise<boolean>;
  /**
   * Called with an answer that refused the request: true = the provider learned from it and builds the next call of
   * this model, or of this very work, differently, try once more.
   */
  learn?(request: UpstreamRequest, answer: RefusedAnswer): boolean;
}

/** The translation of a request that kept its wire: nothing but what had to be changed in it is told. */
export function passedThrough(
  warnings: readonly string[],
): { readonly translation: Translation } | Record<string, never> {
  if (warnings.length === 0) return {};
  return { translation: { thinkingDisplay: 'shown', toolNames: new Map(), warnings } };
}
