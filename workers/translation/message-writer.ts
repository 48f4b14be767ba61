import { randomBytes } from 'node:crypto';
import type { Usage } from '../../schemas/usage.ts';
import type { JsonObject } from '../json.ts';
import { formatSseEvent } from '../wire/sse-event.ts';
import type { DecodedChunk } from '../wire.ts';
import { usageJson } from './usage-json.ts';

/** What the client sees of a model's reasoning: its text, blocks without text, or nothing. */
export type ThinkingDisplay = 'shown' | 'omitted' | 'none';

/** What a message needs to know from its start. */
export interface MessageWriterOptions {
  /** The model name that the client knows. */
  readonly requestModel: string;
  readonly inputTokensEstimate: number;
  readonly thinkingDisplay: ThinkingDisplay;
}

/** How a message ends. */
export interface MessageEnd {
  readonly stopReason: string;
  readonly stopSequence?: string | null;
  /** Only with `refusal`. */
  readonly explanation?: string | null;
  readonly usage: Usage;
}

type OpenBlock = 'text' | 'thinking' | 'tool_use';

/**
 * Writes an answer as Anthropic's events, in their grammar: blocks one after another, each opened, filled and closed.
 *
 * Calls may come in any order: text after a tool opens a new block. Empty text and reasoning open nothing. After
 * `finish` every call does nothing.
 */
export class MessageWriter {
  readonly #options: MessageWriterOptions;
  #events: string[] = [];
  #open: OpenBlock | null = null;
  #index = 0;
  #messageId: string | null = null;
  #isFinished = false;
  #hasContent = false;
  #isBoundary = false;

  constructor(options: MessageWriterOptions) {
    this.#options = options;
  }

  /** True once `message_stop` was written. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** The message's id; null before its start was written. */
  get messageId(): string | null {
    return this.#messageId;
  }

  /** Blocks begun so far. */
  get blocks(): number {
    return this.#index + (this.#open === null ? 0 : 1);
  }

  /** `message_start` and a ping; the first content writes them too. */
  start(): void {
    if (this.#messageId !== null) return;
    this.#messageId = `msg_${randomBytes(12).toString('hex')}`;
    const { requestModel, inputTokensEstimate } = this.#options;
    const usage = {
      input_tokens: inputTokensEstimate,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: 0,
    };
    const message = {
      id: this.#messageId,
      type: 'message',
      role: 'assistant',
      model: requestModel,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage,
    };
    this.#write('message_start', { message });
    this.#write('ping', {});
  }

  /** A piece of visible text. */
  text(text: string): void {
    if (text === '' || this.#isFinished) return;
    if (this.#open !== 'text') this.#openBlock('text', { type: 'text', text: '' });
    this.#delta({ type: 'text_delta', text });
  }

  /** A piece of reasoning. */
  thinking(thinking: string): void {
    if (thinking === '' || this.#isFinished || this.#options.thinkingDisplay === 'none') return;
    this.#openThinking();
    if (this.#options.thinkingDisplay === 'shown')
      this.#delta({ type: 'thinking_delta', thinking });
  }

  /** The signature that ends a block of reasoning; without a block that is open, one without text carries it. */
  sign(signature: string): void {
    if (this.#isFinished || this.#options.thinkingDisplay === 'none') return;
    this.#openThinking();
    this.#delta({ type: 'signature_delta', signature });
    this.close();
  }

  /** Begins a tool call; its input follows in pieces of JSON. */
  openTool(tool: { readonly id: string; readonly name: string }): void {
    if (this.#isFinished) return;
    this.#openBlock('tool_use', { type: 'tool_use', id: tool.id, name: tool.name, input: {} });
  }

  /** A piece of the open tool call's input. */
  toolInput(partialJson: string): void {
    if (this.#open !== 'tool_use' || partialJson === '') return;
    this.#delta({ type: 'input_json_delta', partial_json: partialJson });
  }

  /** Closes the open block, if any. */
  close(): void {
    if (this.#open === null) return;
    this.#write('content_block_stop', { index: this.#index });
    this.#index += 1;
    this.#open = null;
    this.#isBoundary = true;
  }

  /** Ends the message. */
  finish(end: MessageEnd): void {
    if (this.#isFinished) return;
    this.start();
    this.close();
    const { stopReason, stopSequence, explanation, usage } = end;
    const stop_details =
      stopReason === 'refusal'
        ? { stop_details: { type: 'refusal', category: null, explanation: explanation ?? null } }
        : {};
    const delta = { stop_reason: stopReason, stop_sequence: stopSequence ?? null, ...stop_details };
    this.#write('message_delta', { delta, usage: usageJson(usage) });
    this.#write('message_stop', {});
    this.#isFinished = true;
    this.#isBoundary = true;
  }

  /** The events written since the last call. */
  take(): DecodedChunk {
    const bytes = Buffer.from(this.#events.join(''));
    const chunk = { bytes, hasContent: this.#hasContent, isBoundary: this.#isBoundary };
    this.#events = [];
    this.#hasContent = false;
    this.#isBoundary = false;
    return chunk;
  }

  #openThinking(): void {
    if (this.#open === 'thinking') return;
    this.#openBlock('thinking', { type: 'thinking', thinking: '', signature: '' });
  }

  #openBlock(kind: OpenBlock, content_block: JsonObject): void {
    this.start();
    this.close();
    this.#open = kind;
    this.#write('content_block_start', { index: this.#index, content_block });
    this.#hasContent = true;
  }

  #delta(delta: JsonObject): void {
    this.#write('content_block_delta', { index: this.#index, delta });
  }

  #write(type: string, fields: JsonObject): void {
    if (type === 'message_delta') this.#hasContent = true;
    this.#events.push(formatSseEvent(type, JSON.stringify({ type, ...fields })));
  }
}
