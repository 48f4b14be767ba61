import type { PromptParts } from '../config/prices/prompt-parts.ts';
import type { HeaderPair, ReplyError } from '../schemas/envelope.ts';
import type { ProviderId } from '../schemas/provider.ts';
import type { ToolState } from '../schemas/tool-state.ts';
import type { Usage } from '../schemas/usage.ts';

import type { ThinkingDisplay } from './translation/message-writer.ts';

/** A request/response format family. Not a provider: many providers speak one wire. */
export type WireId = 'anthropic-messages' | 'openai-chat' | 'gemini-generate';

/** What one piece of upstream bytes became. */
export interface DecodedChunk {
  /** Whole Anthropic events, ready for the client; empty when the piece completed none. */
  readonly bytes: Uint8Array;
  /** True when an event beyond `message_start` and `ping` is in: the answer has begun. */
  readonly hasContent: boolean;
  /** True when a block, the message or the stream ended in it: send at once. */
  readonly isBoundary: boolean;
}

/** What a finished or broken answer tells the ledger. */
export interface AnswerSummary {
  readonly usage: Usage;
  /** True when any count is our estimate. */
  readonly estimated: boolean;
  readonly raw: Record<string, unknown> | null;
  readonly responseModel: string | null;
  /** The message's id as the client sees it; null = the client got no message. */
  readonly messageId: string | null;
  readonly stopReason: string | null;
}

/**
 * Decodes one streamed answer into Anthropic events. A state machine: no I/O, no clock.
 *
 * After `error` is set the stream is over: the events before it are valid, nothing follows.
 */
export interface StreamDecoder {
  /** Takes upstream bytes as they came, cut anywhere. */
  push(chunk: Uint8Array): DecodedChunk;
  /** The upstream closed its stream. Sets `error` when the answer is not whole. */
  finish(): DecodedChunk;
  /** The failure that the upstream reported inside its stream, or that its shape amounts to. */
  readonly error: ReplyError | null;
  /** True once the answer is whole (`message_stop` was sent). */
  readonly isComplete: boolean;
  /** What is known so far; complete after the end. */
  summary(): AnswerSummary;
}

/** What a decoder needs to know of the request it answers. */
export interface DecodeContext {
  /** Whose answer it is: error messages name it. */
  readonly providerId: ProviderId;
  readonly requestId: string;
  /** The model name that the client knows. */
  readonly requestModel: string;
  readonly inputTokensEstimate: number;
  /** What of the prompt is likely read from the provider's cache or written to it, should the provider never say. */
  readonly expectedPrompt: PromptParts;
  /** What the client sees of reasoning; translating wires only. */
  readonly thinkingDisplay: ThinkingDisplay;
  /** The model that was asked, in the provider's spelling: gateway signatures name it. */
  readonly upstreamModel: string;
  /** Tools that were respelled for the provider: its name → the client's. */
  readonly toolNames: ReadonlyMap<string, string>;
  /** Keeps what the provider must see again with a tool call. Returns at once and never throws. */
  remember(toolUseId: string, state: ToolState): void;
}

/** A whole JSON answer, in Anthropic's shape: a message, or `{"input_tokens"}` of a token count. */
export interface DecodedMessage {
  readonly bytes: Uint8Array;
  readonly summary: AnswerSummary;
}

/** The decoding half of a wire; the encoding half is called by providers. All pure. */
export interface Wire {
  readonly id: WireId;
  createStreamDecoder(context: DecodeContext): StreamDecoder;
  /** Decodes a JSON answer to a request that asked for no stream. Throws GatewayError on nonsense. */
  decodeMessage(body: Uint8Array, context: DecodeContext): DecodedMessage;
  /** Turns an upstream error answer into what the client sees. */
  decodeError(
    status: number,
    headers: readonly HeaderPair[],
    body: Uint8Array,
    context: DecodeContext,
  ): ReplyError;
}
