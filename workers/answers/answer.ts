import type { ReplySink } from '../../bus/reply-sink.ts';
import type { HeaderPair, ReplyError } from '../../schemas/envelope.ts';
import type { FailureKind } from '../../schemas/observation.ts';
import { NO_USAGE } from '../../schemas/usage.ts';
import type { UpstreamRequest } from '../provider.ts';
import type { UpstreamCall } from '../upstream-client.ts';
import type { AnswerSummary, DecodeContext, Wire } from '../wire.ts';

/** How an attempt ended. `refused`: the upstream's error answer, not decoded yet. */
export type Outcome =
  | { readonly kind: 'completed'; readonly summary: AnswerSummary }
  | {
      readonly kind: 'failed';
      readonly error: ReplyError;
      readonly failure: FailureKind;
      readonly summary: AnswerSummary;
    }
  | { readonly kind: 'cancelled'; readonly summary: AnswerSummary }
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly headers: readonly HeaderPair[];
      readonly body: Uint8Array;
      /** What was refused. */
      readonly request: UpstreamRequest;
    };

/** Takes the bytes of one answer and settles the attempt. */
export interface Answer {
  push(bytes: Buffer): void;
  /** The upstream ended its answer. */
  finish(): void;
  /** What is known of an answer that breaks off here. */
  summary(): AnswerSummary;
}

/** What an answer works with. */
export interface AnswerContext {
  readonly sink: ReplySink;
  readonly wire: Wire;
  readonly decode: DecodeContext;
  readonly upstreamModel: string;
  /** The call, to pause and to abort it. */
  readonly call: UpstreamCall;
  /** Headers for the client. */
  readonly headers: readonly HeaderPair[];
  readonly isStream: boolean;
  /** Ends the attempt; calls after the first do nothing. */
  settle(outcome: Outcome): void;
  /** The first content has come. */
  onFirstContent(): void;
}

/** Nothing was asked of a model. */
export const NOTHING_KNOWN: AnswerSummary = Object.freeze({
  usage: NO_USAGE,
  estimated: false,
  raw: null,
  responseModel: null,
  messageId: null,
  stopReason: null,
});

/** The upstream may have begun to work on the prompt, and nobody said so. */
export function maybeBilled({ expectedPrompt }: DecodeContext): AnswerSummary {
  const usage = { ...NO_USAGE, ...expectedPrompt };
  return { ...NOTHING_KNOWN, usage, estimated: true };
}
