import type { ReplyError } from '../../../schemas/envelope.ts';
import { NO_USAGE } from '../../../schemas/usage.ts';
import { replyError } from '../../errors/reply-errors.ts';
import { type JsonObject, objectField, textField } from '../../json.ts';
import { withPrompt } from '../../prompt-estimate.ts';
import { MessageWriter } from '../../translation/message-writer.ts';
import type { AnswerSummary, DecodeContext, DecodedChunk } from '../../wire.ts';
import { malformedStream, truncatedStream } from '../anthropic-messages/stream-error.ts';
import { mergeUsage } from '../anthropic-messages/usage.ts';
import type { GeminiChunk } from './candidate.ts';
import { codeText } from './code-parts.ts';
import { reportedError } from './decode-error.ts';
import { type FunctionCall, FunctionCalls } from './function-calls.ts';
import { type GeminiEnd, verdictOf } from './stop-reason.ts';
import { ThoughtSignatures } from './thought-signatures.ts';
import { readUsageMetadata } from './usage.ts';

/** Characters per output token, for estimates. English prose and code average 3.5 to 4.5. */
const CHARACTERS_PER_TOKEN = 4;

/**
 * Turns the chunks of one answer, streamed or whole, into Anthropic's events. Source: protocol reference §7.4.
 *
 * Nothing is written before the first content, so that what fails until then can be tried elsewhere. The message ends
 * with the stream only: a later chunk may correct an earlier `finishReason`. After `error` is set nothing is written.
 */
export class GeminiAnswer {
  readonly #context: DecodeContext;
  readonly #writer: MessageWriter;
  readonly #signatures: ThoughtSignatures;
  readonly #calls: FunctionCalls;
  #raw: JsonObject | null = null;
  #responseModel: string | null = null;
  #stopReason: string | null = null;
  #last: Pick<GeminiEnd, 'finishReason' | 'finishMessage' | 'blockReason' | 'blockReasonMessage'> =
    { finishReason: null, finishMessage: null, blockReason: null, blockReasonMessage: null };
  #characters = 0;
  #chunks = 0;
  #isCut = false;
  error: ReplyError | null = null;

  constructor(context: DecodeContext) {
    this.#context = context;
    this.#writer = new MessageWriter(context);
    this.#signatures = new ThoughtSignatures(this.#writer, context);
    this.#calls = new FunctionCalls(context, (call) => this.#call(call));
  }

  /** True once the message has ended. */
  get isComplete(): boolean {
    return this.#writer.isFinished;
  }

  /** Reads one chunk. */
  take(chunk: GeminiChunk): void {
    if (this.error !== null || this.isComplete) return;
    if (chunk.isError) {
      this.error = reportedError(chunk.json, this.#context);
      return;
    }
    this.#chunks += 1;
    if (chunk.usage !== null) this.#raw = mergeUsage(this.#raw, chunk.usage);
    this.#responseModel = chunk.modelVersion ?? this.#responseModel;
    const { finishReason, finishMessage, blockReason, blockReasonMessage } = this.#last;
    this.#last = {
      finishReason: chunk.finishReason ?? finishReason,
      finishMessage: chunk.finishMessage ?? finishMessage,
      blockReason: chunk.blockReason ?? blockReason,
      blockReasonMessage: chunk.blockReasonMessage ?? blockReasonMessage,
    };
    for (const part of chunk.parts) if (this.error === null) this.#part(part);
  }

  /** The upstream ended its answer. */
  finish(): void {
    if (this.error !== null || this.isComplete) return;
    if (this.#last.finishReason === 'STOP' && this.#last.blockReason === null)
      this.#calls.complete();
    else this.#calls.drop();
    this.#signatures.finish();
    const verdict = verdictOf({
      ...this.#last,
      providerId: this.#context.providerId,
      hasContent: this.#writer.blocks > 0,
      hasCalls: this.#calls.count > 0,
    });
    if (verdict.kind === 'broken') {
      this.#isCut = true;
      this.error = truncatedStream(this.#context);
    } else if (verdict.kind === 'failed') {
      this.error = replyError('api_error', verdict.message, 502);
    } else {
      const { stopReason, explanation } = verdict;
      this.#stopReason = stopReason;
      this.#writer.finish({ stopReason, explanation, usage: this.summary().usage });
    }
  }

  /** Gives the answer up because of what else the upstream sent, e.g. `sent an event that is too large`. */
  fail(what: string): void {
    this.error ??= malformedStream(this.#context, what);
  }

  /** The events written since the last call. */
  takeEvents(): DecodedChunk {
    return this.#writer.take();
  }

  /** What is known; counts that never came are estimated, but for an answer that was refused before it began. */
  summary(): AnswerSummary {
    const known = {
      raw: this.#raw,
      responseModel: this.#responseModel,
      messageId: this.#writer.messageId,
      stopReason: this.#stopReason,
    };
    if (this.error !== null && this.#chunks === 0 && !this.#isCut) {
      return { ...known, usage: NO_USAGE, estimated: false };
    }
    const { usage, hasInput } = readUsageMetadata(this.#raw);
    // Counts grow with the stream: those of one that was cut may be old.
    const isWhole = hasInput && (this.#last.finishReason ?? this.#last.blockReason) !== null;
    const estimate = Math.ceil(this.#characters / CHARACTERS_PER_TOKEN);
    return {
      ...known,
      usage: {
        ...withPrompt({ usage, hasInput }, this.#context.expectedPrompt),
        outputTokens: isWhole ? usage.outputTokens : Math.max(usage.outputTokens, estimate),
      },
      estimated: !isWhole,
    };
  }

  #part(part: JsonObject): void {
    const signature = textField(part, 'thoughtSignature') ?? textField(part, 'thought_signature');
    if ('functionCall' in part) {
      if (this.#calls.take(objectField(part, 'functionCall'), signature)) return;
      this.fail('sent a function call that makes no sense');
      return;
    }
    const { text } = part;
    if (part.thought === true) {
      if (typeof text === 'string') this.#thought(text, signature);
    } else this.#text(typeof text === 'string' ? text : (codeText(part) ?? ''), signature);
  }

  #thought(text: string, signature: string | null): void {
    if (text !== '') this.#calls.complete();
    this.#characters += text.length;
    this.#signatures.thought(text, signature);
  }

  #text(text: string, signature: string | null): void {
    if (text !== '') this.#calls.complete();
    this.#characters += text.length;
    this.#signatures.beforeText(text, signature);
    this.#writer.text(text);
  }

  #call({ id, name, input }: FunctionCall): void {
    this.#characters += input.length;
    this.#signatures.beforeOther();
    this.#writer.openTool({ id, name });
    this.#writer.toolInput(input);
    this.#writer.close();
  }
}
