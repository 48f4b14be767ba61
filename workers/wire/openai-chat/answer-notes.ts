import type { PromptParts } from '../../../config/prices/prompt-parts.ts';
import { NO_USAGE } from '../../../schemas/usage.ts';
import type { JsonObject } from '../../json.ts';
import { withPrompt } from '../../prompt-estimate.ts';
import type { AnswerSummary } from '../../wire.ts';
import { mergeUsage } from '../anthropic-messages/usage.ts';
import type { ChatChunk } from './chunk.ts';
import { readUsage } from './usage.ts';

/** Characters of text and arguments per output token, for answers without usage. */
const CHARACTERS_PER_TOKEN = 3.6;

/** What the notes do not see themselves. */
export interface SummaryOptions {
  readonly messageId: string | null;
  readonly argumentCharacters: number;
  readonly isComplete: boolean;
}

/** Gathers from the chunks of an answer what the ledger wants to know, and estimates what the server never says. */
export class AnswerNotes {
  readonly #expectedPrompt: PromptParts;
  #raw: JsonObject | null = null;
  #isStarted = false;
  #responseModel: string | null = null;
  #stopReason: string | null = null;
  #characters = 0;

  constructor(expectedPrompt: PromptParts) {
    this.#expectedPrompt = expectedPrompt;
  }

  /** Reads a chunk. */
  take({ model, usage, pieces }: ChatChunk): void {
    this.#isStarted = true;
    this.#responseModel = model ?? this.#responseModel;
    if (usage !== null) this.#raw = mergeUsage(this.#raw, usage);
    for (const { text } of pieces) this.#characters += text.length;
  }

  /** The answer is whole. */
  finished(stopReason: string): void {
    this.#stopReason = stopReason;
  }

  /**
   * What is known. Counts that never came are estimated; so is the output of an answer that broke off, as usage in the
   * middle of a stream says little. An answer that failed before it began used nothing.
   */
  summary({ messageId, argumentCharacters, isComplete }: SummaryOptions): AnswerSummary {
    const raw = this.#raw;
    const about = {
      raw,
      responseModel: this.#responseModel,
      messageId,
      stopReason: this.#stopReason,
    };
    if (!this.#isStarted) return { usage: NO_USAGE, estimated: false, ...about };
    const { usage, hasInput, hasOutput } = readUsage(raw);
    const characters = this.#characters + argumentCharacters;
    const outputEstimate = Math.ceil(characters / CHARACTERS_PER_TOKEN);
    const isExact = hasOutput && isComplete;
    return {
      usage: {
        ...withPrompt({ usage, hasInput }, this.#expectedPrompt),
        outputTokens: isExact ? usage.outputTokens : Math.max(usage.outputTokens, outputEstimate),
      },
      estimated: !hasInput || !isExact,
      ...about,
    };
  }
}
