import { LIMITS } from '../../../config/limits.ts';
import type { ReplyError } from '../../../schemas/envelope.ts';
import { MessageWriter } from '../../translation/message-writer.ts';
import { sealSignature } from '../../translation/signature.ts';
import type { AnswerSummary, DecodeContext, DecodedChunk } from '../../wire.ts';
import { AnswerNotes } from './answer-notes.ts';
import type { ChatChunk, TextPiece } from './chunk.ts';
import { Reasoning } from './reasoning.ts';
import { rememberCalls } from './remember-calls.ts';
import { failureOf, isCutShort, stopReasonOf } from './stop-reason.ts';
import { malformedAnswer, truncatedAnswer, unfinishedAnswer } from './stream-error.ts';
import { ThinkTags } from './think-tags.ts';
import { ToolCalls } from './tool-calls.ts';

/** How the chunks of an answer came to their end. */
export type AnswerEnd = 'done' | 'closed' | 'whole';

/**
 * Turns the chunks of one answer into Anthropic's events. No framing: StreamDecoder and whole answers both feed it.
 *
 * The end of the message is held back until its usage came, because usage often follows the finish reason in a chunk of
 * its own. Text between the pieces of a tool call waits for the call: blocks cannot interleave.
 */
export class ChatAnswer {
  readonly #context: DecodeContext;
  readonly #writer: MessageWriter;
  readonly #notes: AnswerNotes;
  readonly #tags = new ThinkTags();
  readonly #reasoning = new Reasoning();
  readonly #calls: ToolCalls;
  /** Text that came in the middle of a call. */
  #held: TextPiece[] = [];
  #heldCharacters = 0;
  #isThinking = false;
  #hasText = false;
  #refusal = '';
  #finishReason: string | null = null;
  #stopSequence: string | null = null;
  error: ReplyError | null = null;

  constructor(context: DecodeContext) {
    const { requestModel, inputTokensEstimate, thinkingDisplay, toolNames } = context;
    this.#context = context;
    this.#writer = new MessageWriter({ requestModel, inputTokensEstimate, thinkingDisplay });
    this.#notes = new AnswerNotes(context.expectedPrompt);
    this.#calls = new ToolCalls({ writer: this.#writer, toolNames });
  }

  /** True once `message_stop` was written. */
  get isComplete(): boolean {
    return this.#writer.isFinished;
  }

  /** True when nothing more is read: the answer is whole, or failed. */
  get isOver(): boolean {
    return this.isComplete || this.error !== null;
  }

  /** Takes the next chunk; after the end nothing counts. */
  take(chunk: ChatChunk): void {
    if (this.isOver) return;
    const hadFinish = this.#finishReason !== null;
    this.#writer.start();
    this.#notes.take(chunk);
    if (chunk.reasoningDetails.length > 0) this.#reasoning.addDetails(chunk.reasoningDetails);
    for (const piece of chunk.pieces) this.#piece(piece);
    for (const call of chunk.calls) {
      if (!this.#calls.hasCalls) this.#endText();
      this.#calls.take(call);
    }
    this.#finishReason = chunk.finishReason ?? this.#finishReason;
    this.#stopSequence ??= chunk.stopSequence;
    if (this.#calls.isTooMuch || this.#heldCharacters > LIMITS.sseEventBytesMax) {
      this.fail(malformedAnswer(this.#context, 'sent tool calls that are too large'));
    } else if (hadFinish && chunk.usage !== null) this.end('done');
  }

  /**
   * The chunks are over. An answer whose end nobody announced is an error and no `end_turn`: only a whole JSON answer, and
   * a stream that says `[DONE]` after something whole, may lack their finish reason.
   */
  end(how: AnswerEnd): void {
    if (this.isOver) return;
    const reason = this.#finishReason ?? (this.#mayLackReason(how) ? 'stop' : null);
    if (reason === null) {
      this.fail(truncatedAnswer(this.#context));
      return;
    }
    const failure = failureOf(reason);
    if (failure === null) this.#finish(reason);
    else this.fail(unfinishedAnswer(this.#context, failure));
  }

  /** The upstream failed: the events so far stand, nothing follows. */
  fail(error: ReplyError): void {
    if (!this.isOver) this.error = error;
  }

  /** The events written since the last call. */
  takeEvents(): DecodedChunk {
    return this.#writer.take();
  }

  /** What is known so far. */
  summary(): AnswerSummary {
    return this.#summary(this.isComplete);
  }

  #summary(isComplete: boolean): AnswerSummary {
    const { messageId } = this.#writer;
    return this.#notes.summary({
      messageId,
      argumentCharacters: this.#calls.characters,
      isComplete,
    });
  }

  #mayLackReason(how: AnswerEnd): boolean {
    if (how === 'whole') return true;
    const { hasCalls, hasHalfCall } = this.#calls;
    return how === 'done' && (hasCalls || this.#writer.blocks > 0) && !hasHalfCall;
  }

  #piece(piece: TextPiece): void {
    if (this.#calls.hasCalls && !this.#calls.giveWay()) {
      this.#held.push(piece);
      this.#heldCharacters += piece.text.length;
    } else if (piece.kind === 'text' && !this.#calls.hasCalls) {
      for (const part of this.#tags.push(piece.text)) this.#write(part);
    } else {
      if (piece.kind === 'refusal') this.#endTags();
      this.#write(piece);
    }
  }

  #write({ kind, text }: TextPiece): void {
    if (kind === 'reasoning') {
      this.#reasoning.addText(text);
      this.#isThinking = true;
      this.#writer.thinking(text);
      return;
    }
    if (kind === 'refusal') this.#refusal += text;
    // White space after a call is no block of its own.
    if (this.#calls.hasCalls && text.trim() === '') return;
    // Details that come with later text wait for a call: text is not broken up for them.
    if (this.#isThinking || (this.#reasoning.isPending && !this.#hasText)) this.#sign();
    this.#hasText = true;
    this.#writer.text(text);
  }

  // Before the first call: what of the text was held back, and the signature of the reasoning that led to the call.
  #endText(): void {
    this.#endTags();
    if (this.#reasoning.isPending) this.#sign();
  }

  #endTags(): void {
    for (const part of this.#tags.finish()) this.#write(part);
  }

  #sign(): void {
    const { providerId, upstreamModel, thinkingDisplay } = this.#context;
    const state = this.#reasoning.seal();
    this.#isThinking = false;
    if (thinkingDisplay === 'none') return;
    this.#writer.sign(sealSignature({ provider: providerId, model: upstreamModel, state }));
  }

  #finish(reason: string): void {
    this.#endTags();
    this.#calls.finish(isCutShort(reason));
    for (const piece of this.#held) this.#write(piece);
    if (this.#isThinking) this.#sign();
    rememberCalls(this.#calls.written, this.#reasoning.state(), this.#context);
    const stopReason = stopReasonOf(reason, {
      hasCalls: this.#calls.written.length > 0,
      hasRefusal: this.#refusal !== '',
      stopSequence: this.#stopSequence,
    });
    this.#notes.finished(stopReason);
    const { usage } = this.#summary(true);
    this.#writer.finish({
      stopReason,
      stopSequence: stopReason === 'stop_sequence' ? this.#stopSequence : null,
      explanation: this.#refusal === '' ? null : this.#refusal,
      // The start of the message said one token already, and counts of a stream never fall.
      usage: { ...usage, outputTokens: Math.max(1, usage.outputTokens) },
    });
  }
}
