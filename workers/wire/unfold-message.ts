import { GatewayError } from '../../schemas/error.ts';
import { parseExactJson } from '../exact-json.ts';
import { asBuffer, isJsonObject, type JsonObject, objectField } from '../json.ts';
import { formatSseEvent } from './sse-event.ts';

/**
 * Unfolds a whole message into the event stream that would have built it: the reverse of MessageFold.
 *
 * A block's text, thinking or input comes in one delta; blocks of other types come whole in their start event.
 * Throws GatewayError `api_error` when the JSON is no message.
 */
export function unfoldMessage(json: Uint8Array): Buffer {
  const message = parseMessage(asBuffer(json).toString('utf8'));
  const { content, usage, stop_reason, stop_sequence, stop_details, ...rest } = message;
  const { context_management, ...head } = rest;
  const blocks = Array.isArray(content) ? content.filter(isJsonObject) : [];
  const nulls = { stop_reason: null, stop_sequence: null };
  const start = {
    ...head,
    content: [],
    ...nulls,
    ...(stop_details === undefined ? {} : { stop_details: null }),
    usage: { ...objectField(message, 'usage'), output_tokens: 0 },
  };
  const delta = {
    stop_reason,
    stop_sequence,
    ...(stop_details === undefined ? {} : { stop_details }),
  };
  return Buffer.from(
    [
      event('message_start', { message: start }),
      ...blocks.flatMap(blockEvents),
      event('message_delta', {
        delta,
        usage: usage ?? {},
        ...(context_management === undefined ? {} : { context_management }),
      }),
      event('message_stop', {}),
    ].join(''),
  );
}

function parseMessage(text: string): JsonObject {
  try {
    const message = parseExactJson(text);
    if (isJsonObject(message) && Array.isArray(message.content)) return message;
  } catch (cause) {
    throw new GatewayError('api_error', 'the upstream answered with broken JSON', {
      status: 502,
      cause,
    });
  }
  throw new GatewayError('api_error', 'the upstream answered with no message', { status: 502 });
}

function blockEvents(block: JsonObject, index: number): string[] {
  const [start, deltas] = opened(block);
  return [
    event('content_block_start', { index, content_block: start }),
    ...deltas.map((delta) => event('content_block_delta', { index, delta })),
    event('content_block_stop', { index }),
  ];
}

// The block as its start event has it, and the deltas that complete it.
function opened(block: JsonObject): [start: JsonObject, deltas: JsonObject[]] {
  const { type, text, citations, thinking, signature, input } = block;
  if (type === 'text') {
    const quotes = Array.isArray(citations) ? citations : [];
    return [
      { ...block, text: '', ...(quotes.length > 0 ? { citations: [] } : {}) },
      [
        { type: 'text_delta', text },
        ...quotes.map((citation) => ({ type: 'citations_delta', citation })),
      ],
    ];
  }
  if (type === 'thinking') {
    return [
      { ...block, thinking: '', signature: '' },
      [
        ...(thinking === '' ? [] : [{ type: 'thinking_delta', thinking }]),
        { type: 'signature_delta', signature },
      ],
    ];
  }
  if (isJsonObject(input)) {
    const partial_json = JSON.stringify(input);
    return [{ ...block, input: {} }, [{ type: 'input_json_delta', partial_json }]];
  }
  if (type === 'compaction') {
    const { type: _type, content: _content, encrypted_content: _encrypted, ...others } = block;
    const { content, encrypted_content } = block;
    const encrypted = encrypted_content === undefined ? {} : { encrypted_content };
    return [
      { type, content: null, ...others },
      [{ type: 'compaction_delta', content, ...encrypted }],
    ];
  }
  return [block, []];
}

function event(type: string, fields: JsonObject): string {
  return formatSseEvent(type, JSON.stringify({ type, ...fields }));
}
