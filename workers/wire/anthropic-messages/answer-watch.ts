import { NO_USAGE } from '../../../schemas/usage.ts';
import { isJsonObject, type JsonObject, objectField, textField } from '../../json.ts';
import { withPrompt } from '../../prompt-estimate.ts';
import type { AnswerSummary, DecodeContext } from '../../wire.ts';
import { formatSseEvent } from '../sse-event.ts';
import { mergeUsage, readUsage } from './usage.ts';

/** Text bytes per output token, for estimates. English prose and code average 3.5 to 4.5. */
const BYTES_PER_TOKEN = 4;
/** What a delta event holds beside its text. */
const DELTA_FRAME_BYTES = Buffer.byteLength(
  formatSseEvent(
    'content_block_delta',
    '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}}',
  ).trimEnd(),
);
const SPACE = 0x20;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BRACE = 0x7d;

/** Gathers from an Anthropic event stream what the ledger wants to know, and estimates what it never says. */
export class AnswerWatch {
  readonly #context: DecodeContext;
  #raw: JsonObject | null = null;
  #hasFinalOutput = false;
  #isStarted = false;
  #responseModel: string | null = null;
  #messageId: string | null = null;
  #stopReason: string | null = null;
  #textBytes = 0;
  #deltas = 0;

  constructor(context: DecodeContext) {
    this.#context = context;
  }

  /** Reads a `message_start` event. */
  started(event: JsonObject): void {
    this.#isStarted = true;
    const message = objectField(event, 'message');
    this.#responseModel = textField(message, 'model') ?? this.#responseModel;
    this.#messageId ??= textField(message, 'id');
    const { usage } = message;
    if (isJsonObject(usage)) this.#raw = mergeUsage(this.#raw, usage);
  }

  /** Reads a `message_delta` event. */
  changed(event: JsonObject): void {
    this.#stopReason = textField(objectField(event, 'delta'), 'stop_reason') ?? this.#stopReason;
    const { usage } = event;
    if (!isJsonObject(usage)) return;
    this.#raw = mergeUsage(this.#raw, usage);
    this.#hasFinalOutput ||= readUsage(usage).hasOutput;
  }

  /** Measures a `content_block_delta` event without parsing it: its text is what exceeds an empty delta. */
  grew(bytes: Buffer, start: number, end: number): void {
    this.#isStarted = true;
    let last = withoutPadding(bytes, start, end);
    // The API pads before the last brace.
    if (bytes[last - 1] === BRACE) last = withoutPadding(bytes, start, last - 1) + 1;
    const textBytes = last - start - DELTA_FRAME_BYTES;
    if (textBytes <= 0) return;
    this.#textBytes += textBytes;
    this.#deltas += 1;
  }

  /** What is known; the counts that the stream never gave are estimated, but for one that failed before it began. */
  summary(isRefused: boolean): AnswerSummary {
    const { usage, hasInput } = readUsage(this.#raw);
    const about = {
      raw: this.#raw,
      responseModel: this.#responseModel,
      messageId: this.#messageId,
      stopReason: this.#stopReason,
    };
    if (!this.#isStarted && isRefused) return { usage: NO_USAGE, estimated: false, ...about };
    const outputEstimate = Math.max(this.#deltas, Math.ceil(this.#textBytes / BYTES_PER_TOKEN));
    return {
      usage: {
        ...withPrompt({ usage, hasInput }, this.#context.expectedPrompt),
        outputTokens: this.#hasFinalOutput
          ? usage.outputTokens
          : Math.max(usage.outputTokens, outputEstimate),
      },
      estimated: !hasInput || !this.#hasFinalOutput,
      ...about,
    };
  }
}

// Where what is not padding ends.
function withoutPadding(bytes: Buffer, start: number, end: number): number {
  let last = end;
  while (last > start && isPadding(bytes[last - 1])) last--;
  return last;
}

function isPadding(byte: number | undefined): boolean {
  return byte === SPACE || byte === LINE_FEED || byte === CARRIAGE_RETURN;
}
