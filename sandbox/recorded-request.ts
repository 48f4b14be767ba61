import type { HeaderPair } from '../schemas/envelope.ts';
import type { ProviderId } from '../schemas/provider.ts';
import type { SandboxOperation } from './dialect.ts';
import type { InputCounts } from './prompt-cache.ts';

/** How a request ended: `aborted` = the caller left, `faulted` = a fault was played to its end. */
export type RequestOutcome = 'open' | 'completed' | 'aborted' | 'faulted';

/** One request as the sandbox saw it. Times are Unix milliseconds. */
export interface RecordedRequest {
  /** 1 for the first request of this sandbox. */
  readonly sequence: number;
  /** The id in the answer's header: one per upstream call. */
  readonly requestId: string;
  readonly provider: ProviderId;
  readonly operation: SandboxOperation;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: readonly HeaderPair[];
  /** The value of `x-sandbox-label`, else of `x-claude-code-session-id`. */
  readonly label: string | null;
  /** The body's first bytes; empty once it was forgotten to stay within the limits. */
  readonly body: Buffer;
  readonly bodyBytes: number;
  readonly bodySha256: string;
  readonly model: string | null;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly status: number | null;
  /** What the prompt was counted as; null when it was refused before. */
  readonly input: InputCounts | null;
  /** Tokens of the answer that were given to the socket: what a provider would bill. */
  readonly tokensSent: number;
  readonly answerBytes: number;
  /** Of the body bytes that were given to the socket; null while open. */
  readonly answerSha256: string | null;
  readonly outcome: RequestOutcome;
  readonly abortedAtMs: number | null;
  /** The kind of fault that was played; null = none. */
  readonly fault: string | null;
  /** Its place among the ends, 1 for the first; 0 while open. */
  readonly endSequence: number;
}

/** The part of a request that accounting is compared with. */
export type TruthEntry = Pick<
  RecordedRequest,
  | 'requestId'
  | 'provider'
  | 'operation'
  | 'label'
  | 'model'
  | 'status'
  | 'input'
  | 'tokensSent'
  | 'outcome'
>;

/** Sums of one provider since the start or the last reset. */
export interface TruthTotals {
  readonly requests: number;
  readonly completed: number;
  readonly aborted: number;
  readonly faulted: number;
  readonly inputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWrite5mTokens: number;
  readonly cacheWrite1hTokens: number;
  readonly outputTokens: number;
}
