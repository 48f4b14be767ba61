import { GatewayError } from '../../schemas/error.ts';
import { parseExactJson } from '../exact-json.ts';
import { isJsonObject, type JsonObject, objectField, textField } from '../json.ts';
import { mergeUsage } from './anthropic-messages/usage.ts';
import { parseSseEvent } from './sse-event.ts';
import { SseSplitter } from './sse-splitter.ts';

/**
 * Folds an Anthropic event stream into the message that a request without `stream` would have got.
 *
 * Blocks and deltas of unknown types are kept: a delta's strings are appended to the block's, its arrays too, anything
 * else replaces. Numbers inside tool inputs keep their spelling. The caller bounds the bytes.
 */
export class MessageFold {
  readonly #splitter = new SseSplitter((bytes, start, end) => {
    this.#event(bytes.toString('utf8', start, end));
    return true;
  });
  #message: JsonObject | null = null;
  #blocks: JsonObject[] = [];
  /** Tool inputs that are still coming, by block index. */
  #inputs = new Map<number, string>();

  /** Takes whole events. */
  push(bytes: Uint8Array): void {
    this.#splitter.push(bytes);
  }

  /** The message, as JSON. Throws GatewayError `api_error` when no message ever started. */
  finish(): Buffer {
    if (this.#message === null) {
      throw new GatewayError('api_error', 'the upstream sent no message', { status: 502 });
    }
    for (const index of this.#inputs.keys()) this.#closeInput(index);
    this.#message.content = this.#blocks;
    return Buffer.from(JSON.stringify(this.#message));
  }

  #event(text: string): void {
    const { name, data } = parseSseEvent(text);
    if (data === '') return;
    const event = parseExactJson(data);
    if (!isJsonObject(event)) return;
    const type = textField(event, 'type') ?? name;
    if (type === 'message_start') this.#message ??= { ...objectField(event, 'message') };
    else if (type === 'message_delta') this.#changeMessage(event);
    else if (type === 'content_block_start') this.#openBlock(event);
    else if (type === 'content_block_delta') this.#growBlock(event);
    else if (type === 'content_block_stop') this.#closeInput(indexOf(event));
  }

  #changeMessage(event: JsonObject): void {
    const message = this.#message;
    if (message === null) return;
    const { type: _type, delta, usage, ...others } = event;
    Object.assign(message, others, delta);
    if (!isJsonObject(usage)) return;
    message.usage = mergeUsage(objectField(message, 'usage'), usage);
  }

  #openBlock(event: JsonObject): void {
    const block = { ...objectField(event, 'content_block') };
    this.#blocks[indexOf(event)] = block;
    // The last hop of a server-side fallback is the model that answered.
    const model = block.type === 'fallback' ? textField(objectField(block, 'to'), 'model') : null;
    if (model !== null && this.#message !== null) this.#message.model = model;
  }

  #growBlock(event: JsonObject): void {
    const index = indexOf(event);
    const block = this.#blocks[index];
    if (block === undefined) return;
    const { type, ...fields } = objectField(event, 'delta');
    if (type === 'input_json_delta') {
      const piece = textField(fields, 'partial_json') ?? '';
      this.#inputs.set(index, (this.#inputs.get(index) ?? '') + piece);
    } else if (type === 'citations_delta') {
      const { citations } = block;
      block.citations = [...(Array.isArray(citations) ? citations : []), fields.citation];
    } else if (type === 'signature_delta' || type === 'compaction_delta') {
      Object.assign(block, fields);
    } else if (type === 'thinking_delta') {
      append(block, { thinking: fields.thinking });
    } else append(block, fields);
  }

  #closeInput(index: number): void {
    const text = this.#inputs.get(index);
    const block = this.#blocks[index];
    if (text === undefined || block === undefined) return;
    this.#inputs.delete(index);
    block.input = text === '' ? {} : toolInput(text);
  }
}

// An object is required here: what the model wrote is kept for the client to show it.
function toolInput(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch {
    return { _raw: text };
  }
}

function append(block: JsonObject, fields: JsonObject): void {
  for (const [name, value] of Object.entries(fields)) {
    const before = block[name];
    if (typeof before === 'string' && typeof value === 'string') block[name] = before + value;
    else if (Array.isArray(before) && Array.isArray(value)) block[name] = [...before, ...value];
    else block[name] = value;
  }
}

function indexOf(event: JsonObject): number {
  const { index } = event;
  return typeof index === 'number' && Number.isInteger(index) && index >= 0 ? index : 0;
}
