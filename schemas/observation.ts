import type { ProviderId } from './provider.ts';
import type { RequestClass } from './request-class.ts';
import type { Target } from './target.ts';
import type { AttemptOutcome, Usage } from './usage.ts';

/** What a rate-limit window counts. `tokens` = input and output together. */
export const WINDOW_KINDS = ['requests', 'input_tokens', 'output_tokens', 'tokens'] as const;
/** One of WINDOW_KINDS. */
export type WindowKind = (typeof WINDOW_KINDS)[number];

/**
 * What an upstream said about one of its rate-limit windows, in its headers or in the body of a refusal. What it did
 * not say is null. Times are milliseconds from the answer on, so that clocks of two machines need not agree.
 */
export interface WindowReading {
  readonly kind: WindowKind;
  /** Whether the window is shared by all models of the account. */
  readonly scope: 'model' | 'account';
  /** The window's length. */
  readonly periodMs: number | null;
  readonly limit: number | null;
  readonly remaining: number | null;
  readonly resetInMs: number | null;
}

/**
 * Why an attempt failed, as far as routing goes.
 *
 * `rate_limited` closes a window and is no ill health; `request` (400, 413, 422) says nothing about the provider;
 * `connection`: not a byte of the request left; a call that breaks off later is a `server_error`;
 * `credential` (401, 403) and `billing` (402) keep the account out, `not_served` (404, 410, 501) the model.
 */
export const FAILURE_KINDS = [
  'rate_limited',
  'overloaded',
  'server_error',
  'timeout',
  'connection',
  'malformed',
  'credential',
  'billing',
  'not_served',
  'request',
] as const;
/** One of FAILURE_KINDS. */
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** An attempt was taken by a worker: its tokens are reserved. */
export interface AttemptStarted extends Target {
  readonly kind: 'started';
  /** `<requestId>.<attempt>`. */
  readonly attemptId: string;
  readonly isStream: boolean;
  readonly requestClass: RequestClass;
  /** The conversation whose prompt cache this attempt warms: session and agent; null = none. */
  readonly conversation: string | null;
  readonly inputTokensEstimate: number;
  readonly maxOutputTokens: number;
}

/** The upstream's headers came. Left out when the attempt has ended before this could be sent. */
export interface AttemptAnswered extends Target {
  readonly kind: 'answered';
  readonly attemptId: string;
  readonly status: number;
  /** Milliseconds from the attempt's start. */
  readonly headersMs: number;
  readonly windows: readonly WindowReading[];
}

/** An attempt is over. */
export interface AttemptEnded extends Target {
  readonly kind: 'ended';
  readonly attemptId: string;
  readonly outcome: AttemptOutcome;
  /** Null unless the outcome is `failed`. */
  readonly failure: FailureKind | null;
  /** The upstream's status; null = it never answered. */
  readonly status: number | null;
  /** How long the upstream asked to wait; null = it did not say. Not cut. */
  readonly retryAfterMs: number | null;
  /**
   * Of an attempt that failed: what the body of a refusal said about windows. Of any other: what the headers said, where
   * no `answered` told it.
   */
  readonly windows: readonly WindowReading[];
  /** Milliseconds from start to the first content; null = there was none. */
  readonly firstContentMs: number | null;
  readonly durationMs: number;
  readonly isStream: boolean;
  readonly requestClass: RequestClass;
  readonly conversation: string | null;
  /** How long the provider keeps the prompt it has now seen, in milliseconds; 0 = the request asked for no cache. */
  readonly cacheTtlMs: number;
  readonly usage: Usage;
  /** True when `usage` is our estimate. */
  readonly isEstimated: boolean;
  /** As the attempt began with; missing = from a process of before. */
  readonly inputTokensEstimate?: number;
}

/** A worker serves an account: with another fingerprint than before, what kept the account out may have gone. */
export interface AccountSeen {
  readonly kind: 'account';
  readonly provider: ProviderId;
  readonly account: string;
  /** Digest of credential and address; tells nothing about them. */
  readonly fingerprint: string;
}

/** The operator forgets what was learned about a provider: windows, ejections, blocks. Null = all accounts. */
export interface ProviderReset {
  readonly kind: 'reset';
  readonly provider: ProviderId;
  readonly account: string | null;
}

/** What routing learns from. */
export type Observation =
  | AttemptStarted
  | AttemptAnswered
  | AttemptEnded
  | AccountSeen
  | ProviderReset;

/** What one process saw, in order: msgpack on `gw.v1.obs.<process>`. */
export interface ObservationBatch {
  readonly v: 1;
  /** The process that saw it, e.g. its worker id. */
  readonly source: string;
  /** Counts the batches of the source, from 1: a gap = something was lost. */
  readonly sequence: number;
  readonly observations: readonly Observation[];
}
