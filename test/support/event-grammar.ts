/** A strict reader of Anthropic event streams: what every converter of the project must produce. */
import type { StreamEvent } from './event-parser.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** A stream that breaks the grammar. */
export class GrammarError extends Error {
  override readonly name = 'GrammarError';
}

/** What the stream may contain beside a whole and perfect answer. */
export interface GrammarOptions {
  /** The stream may end with an `error` event, or (`cut`) anywhere between two events. */
  readonly mayEndWith?: 'error' | 'cut';
  /** Events and deltas of unknown types are skipped. */
  readonly allowsUnknown?: boolean;
}

/** The message that the events add up to. */
export interface FoldedStream {
  /** As a request without `stream` would have answered. */
  readonly message: JsonObject;
  readonly isComplete: boolean;
  /** Data of the `error` event; null = there was none. */
  readonly error: JsonObject | null;
  readonly pings: number;
}

/**
 * Checks events against Anthropic's grammar and folds them into the message.
 *
 * Names equal types; one `message_start` first; blocks in order, never interleaved, with deltas of their own type;
 * usage in integers, output that never falls; `message_delta` after the last block; `message_stop` last. Throws GrammarError.
 */
export function validateAnthropicEvents(
  events: readonly StreamEvent[],
  options: GrammarOptions = {},
): FoldedStream {
  const fold = new Fold(options);
  for (const [index, event] of events.entries()) {
    try {
      fold.take(event);
    } catch (error) {
      const where = `event ${index} (${event.event}: ${event.data.slice(0, 200)})`;
      throw new GrammarError(`${where}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return fold.finish();
}

const DELTAS: Readonly<Record<string, readonly string[]>> = {
  text: ['text_delta', 'citations_delta'],
  thinking: ['thinking_delta', 'signature_delta'],
  tool_use: ['input_json_delta'],
  server_tool_use: ['input_json_delta'],
  mcp_tool_use: ['input_json_delta'],
  compaction: ['compaction_delta'],
};
const STOP_REASONS: readonly unknown[] = [
  'end_turn',
  'max_tokens',
  'stop_sequence',
  'tool_use',
  'pause_turn',
  'refusal',
  'model_context_window_exceeded',
  'compaction',
];
const COUNTS = [
  'input_tokens',
  'output_tokens',
  'cache_creation_input_tokens',
  'cache_read_input_tokens',
] as const;

class Fold {
  readonly #options: GrammarOptions;
  #message: Record<string, unknown> | null = null;
  readonly #content: Record<string, unknown>[] = [];
  #open: Record<string, unknown> | null = null;
  #json = '';
  #hasSignature = false;
  #usage: Record<string, unknown> = {};
  #hasDelta = false;
  #isComplete = false;
  #error: JsonObject | null = null;
  #pings = 0;

  constructor(options: GrammarOptions) {
    this.#options = options;
  }

  take({ event, data }: StreamEvent): void {
    const payload = objectOf(JSON.parse(data), 'data');
    check(event === payload['type'], `the event is named ${event} but typed ${payload['type']}`);
    check(!this.#isComplete, 'nothing follows message_stop');
    check(this.#error === null, 'nothing follows error');
    switch (event) {
      case 'ping':
        this.#pings += 1;
        return;
      case 'error':
        this.#takeError(payload);
        return;
      case 'message_start':
        this.#takeStart(payload);
        return;
      case 'content_block_start':
        this.#takeBlockStart(payload);
        return;
      case 'content_block_delta':
        this.#takeBlockDelta(payload);
        return;
      case 'content_block_stop':
        this.#takeBlockStop(payload);
        return;
      case 'message_delta':
        this.#takeMessageDelta(payload);
        return;
      case 'message_stop':
        check(this.#hasDelta, 'message_stop comes after message_delta');
        check(this.#message?.['stop_reason'] != null, 'a finished message has a stop reason');
        this.#isComplete = true;
        return;
      default:
        check(this.#options.allowsUnknown === true, `the event type ${event} is unknown`);
    }
  }

  finish(): FoldedStream {
    const isAllowedEnd =
      this.#isComplete ||
      this.#options.mayEndWith === 'cut' ||
      (this.#options.mayEndWith === 'error' && this.#error !== null);
    check(isAllowedEnd, 'the stream ends without message_stop');
    const message = { ...this.#message, content: this.#content, usage: this.#usage };
    return {
      message,
      isComplete: this.#isComplete,
      error: this.#error,
      pings: this.#pings,
    };
  }

  #takeError(payload: JsonObject): void {
    check(this.#options.mayEndWith !== undefined, 'an error event is not expected');
    const error = objectOf(payload['error'], 'error');
    check(typeof error['type'] === 'string', 'error.type is text');
    check(typeof error['message'] === 'string', 'error.message is text');
    this.#error = payload;
  }

  #takeStart(payload: JsonObject): void {
    check(this.#message === null, 'message_start comes once');
    const message = objectOf(payload['message'], 'message');
    check(message['type'] === 'message' && message['role'] === 'assistant', 'an assistant message');
    check(typeof message['id'] === 'string' && message['id'] !== '', 'message.id is text');
    check(typeof message['model'] === 'string', 'message.model is text');
    check(Array.isArray(message['content']) && message['content'].length === 0, 'no content yet');
    check(message['stop_reason'] === null, 'no stop reason yet');
    check('stop_sequence' in message, 'message.stop_sequence is there');
    const usage = objectOf(message['usage'], 'message.usage');
    check(isCount(usage['input_tokens']), 'message.usage.input_tokens is a count');
    check(isCount(usage['output_tokens']), 'message.usage.output_tokens is a count');
    this.#message = { ...message };
    this.#takeUsage(usage);
  }

  #takeBlockStart(payload: JsonObject): void {
    this.#checkInside(payload, this.#content.length);
    check(this.#open === null, 'blocks do not interleave');
    const block = { ...objectOf(payload['content_block'], 'content_block') };
    const type = String(block['type']);
    if (type === 'text') check(block['text'] === '', 'a text block starts empty');
    if (type === 'thinking') check(block['thinking'] === '', 'a thinking block starts empty');
    if (DELTAS[type]?.includes('input_json_delta') === true) {
      check(typeof block['id'] === 'string' && block['id'] !== '', 'a tool call has an id');
      check(typeof block['name'] === 'string' && block['name'] !== '', 'a tool call has a name');
      check(JSON.stringify(block['input']) === '{}', 'the input of a tool call starts empty');
    }
    this.#open = block;
    this.#json = '';
    this.#hasSignature = false;
    this.#content.push(block);
  }

  #takeBlockDelta(payload: JsonObject): void {
    this.#checkInside(payload, this.#content.length - 1);
    const block = this.#open;
    if (block === null) fail('a delta belongs to an open block');
    const delta = objectOf(payload['delta'], 'delta');
    const type = String(delta['type']);
    const isOwn = DELTAS[String(block['type'])]?.includes(type) ?? false;
    if (
      !isOwn &&
      this.#options.allowsUnknown === true &&
      !Object.values(DELTAS).flat().includes(type)
    ) {
      return;
    }
    check(isOwn, `${type} does not belong to a ${block['type']} block`);
    check(!this.#hasSignature, 'signature_delta is the last delta of its block');
    switch (type) {
      case 'text_delta':
        block['text'] = `${block['text']}${textOf(delta['text'])}`;
        break;
      case 'thinking_delta':
        block['thinking'] = `${block['thinking']}${textOf(delta['thinking'])}`;
        break;
      case 'signature_delta':
        block['signature'] = textOf(delta['signature']);
        this.#hasSignature = true;
        break;
      case 'input_json_delta':
        this.#json += textOf(delta['partial_json']);
        break;
      case 'citations_delta': {
        const citations = Array.isArray(block['citations']) ? block['citations'] : [];
        block['citations'] = [...citations, delta['citation']];
        break;
      }
      default:
        Object.assign(block, delta, { type: block['type'] });
    }
  }

  #takeBlockStop(payload: JsonObject): void {
    this.#checkInside(payload, this.#content.length - 1);
    const block = this.#open;
    if (block === null) fail('only an open block stops');
    if (DELTAS[String(block['type'])]?.includes('input_json_delta') === true) {
      const input: unknown = this.#json === '' ? {} : JSON.parse(this.#json);
      block['input'] = objectOf(input, 'the input of a tool call');
    }
    this.#open = null;
  }

  #takeMessageDelta(payload: JsonObject): void {
    if (this.#message === null) fail('message_start comes first');
    check(this.#open === null, 'message_delta comes after the last block');
    const delta = objectOf(payload['delta'], 'delta');
    const reason = delta['stop_reason'];
    check(reason == null || STOP_REASONS.includes(reason), `${reason} is no stop reason`);
    if (reason === 'tool_use') {
      const hasCall = this.#content.some(({ type }) => type === 'tool_use');
      check(hasCall, 'stop_reason tool_use needs a tool_use block');
    }
    const usage = objectOf(payload['usage'], 'usage');
    check(isCount(usage['output_tokens']), 'usage.output_tokens is a count');
    this.#takeUsage(usage);
    Object.assign(this.#message, delta);
    this.#hasDelta = true;
  }

  #takeUsage(usage: JsonObject): void {
    for (const name of COUNTS) {
      const value = usage[name];
      if (value == null) continue;
      check(isCount(value), `usage.${name} is a count`);
      const before = this.#usage[name];
      // The input counts of message_start may be estimates, and iterations restate them; only output is a running count.
      const falls = typeof before === 'number' && Number(value) < before;
      check(!falls || name !== 'output_tokens', `usage.${name} never falls`);
    }
    this.#usage = { ...this.#usage, ...usage };
  }

  #checkInside(payload: JsonObject, index: number): void {
    check(this.#message !== null, 'message_start comes first');
    check(!this.#hasDelta, 'no block after message_delta');
    check(payload['index'] === index, `the index is ${payload['index']}, not ${index}`);
  }
}

function objectOf(value: unknown, name: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    fail(`${name} is an object`);
  return value as JsonObject; // checked above
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : fail('a delta carries text');
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function check(condition: boolean, message: string): void {
  if (!condition) fail(message);
}

function fail(message: string): never {
  throw new GrammarError(message);
}
