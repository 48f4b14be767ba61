/** One event in Anthropic's framing. */
export function sse(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
}

/** The pieces of a small answer. */
export const PARTS = {
  start: sse('message_start', {
    message: {
      id: 'msg_up',
      type: 'message',
      role: 'assistant',
      model: 'claude-up',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: {
        input_tokens: 70,
        cache_read_input_tokens: 5,
        cache_creation_input_tokens: 4,
        output_tokens: 1,
      },
    },
  }),
  ping: 'event: ping\ndata: {"type": "ping"}\n\n',
  blockStart: sse('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  delta: sse('content_block_delta', {
    index: 0,
    delta: { type: 'text_delta', text: 'hello there, client' },
  }),
  blockStop: sse('content_block_stop', { index: 0 }),
  messageDelta: sse('message_delta', {
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: 9 },
  }),
  stop: sse('message_stop', {}),
  overloaded:
    'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
} as const;

/** A whole small answer. */
export const ANSWER: string = [
  PARTS.start,
  PARTS.ping,
  PARTS.blockStart,
  PARTS.delta,
  PARTS.blockStop,
  PARTS.messageDelta,
  PARTS.stop,
].join('');
