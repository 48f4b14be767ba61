import { type BreakableWire, bareGoogleFrame } from '../break-frames.ts';
import type { EventFrame } from '../event-stream.ts';
import { frame } from './block-frames.ts';

/** Where the events of the Messages wire break. */
export const MESSAGES_BREAKS: BreakableWire = {
  isDelta: ({ event }) => event === 'content_block_delta',
  isText: ({ data }) => data.includes('"type":"text_delta"'),
  endOfCall,
  ending: (frames) => frames.findIndex(({ event }) => event === 'message_stop'),
  errorFrames({ shape, errorType, message }) {
    if (shape === 'bare-google') return [bareGoogleFrame(message)];
    return [frame('error', `"error":${JSON.stringify({ type: errorType, message })}`)];
  },
  hugeFrame(bytes) {
    const delta = `{"type":"text_delta","text":"${'x'.repeat(bytes)}"}`;
    return frame('content_block_delta', `"index":0,"delta":${delta}`, 1);
  },
  unknownFrames: () => [
    frame('content_block_annotation', '"index":0,"note":"an event of a later version"'),
    frame('content_block_delta', '"index":0,"delta":{"type":"later_delta","value":1}'),
  ],
};

function endOfCall(frames: readonly EventFrame[]): number {
  const start = frames.findIndex(({ data }) => data.includes('"content_block":{"type":"tool_use"'));
  if (start === -1) return -1;
  const stop = frames.findIndex(
    ({ event }, index) => index > start && event === 'content_block_stop',
  );
  return stop + 1;
}
