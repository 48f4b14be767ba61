import type { MessageWriter } from '../../translation/message-writer.ts';
import { sealSignature } from '../../translation/signature.ts';
import type { DecodeContext } from '../../wire.ts';

type Latest = 'thinking' | 'text' | 'other';

/**
 * Ends every thinking block with a signature of the gateway's that holds Gemini's own.
 *
 * Gemini signs thoughts, but also the text that follows them. A text's signature goes into the block of thoughts before
 * it; where that is closed, an empty block ahead of the next content carries it. After the last text there is none: a
 * message that ends in a thinking block has no result for Claude Code, and nobody needs a finished turn's signature.
 */
export class ThoughtSignatures {
  readonly #writer: MessageWriter;
  readonly #context: DecodeContext;
  #latest: Latest = 'other';
  /** Of the open block of thoughts. */
  #own: string | null = null;
  /** Of a text that had begun: it waits for the next block. */
  #held: string | null = null;

  constructor(writer: MessageWriter, context: DecodeContext) {
    this.#writer = writer;
    this.#context = context;
  }

  /** A piece of thought. */
  thought(text: string, signature: string | null): void {
    if (text === '') {
      this.#keep(signature);
      return;
    }
    if (this.#latest !== 'thinking' || this.#own !== null) this.beforeOther();
    this.#latest = 'thinking';
    this.#writer.thinking(text);
    this.#own = signature;
  }

  /** Visible text follows; empty text may carry a signature too. */
  beforeText(text: string, signature: string | null): void {
    this.#keep(signature);
    if (text === '') return;
    // A signature must not cut in two the text that it belongs to.
    if (this.#latest !== 'text') this.beforeOther();
    this.#latest = 'text';
  }

  /** Something else follows, or the message ends. */
  beforeOther(): void {
    if (this.#latest === 'thinking') this.#sign(this.#own);
    this.#own = null;
    if (this.#held !== null) this.#sign(this.#held);
    this.#held = null;
    this.#latest = 'other';
  }

  /** The message ends. */
  finish(): void {
    this.#held = null;
    this.beforeOther();
  }

  #keep(signature: string | null): void {
    if (signature === null) return;
    if (this.#latest === 'thinking' && this.#own === null) this.#own = signature;
    else this.#held = signature;
  }

  #sign(thoughtSignature: string | null): void {
    const { providerId: provider, upstreamModel: model } = this.#context;
    const state = thoughtSignature === null ? {} : { thoughtSignature };
    this.#writer.sign(sealSignature({ provider, model, state }));
  }
}
