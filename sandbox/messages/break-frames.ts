import type { EventFrame } from '../event-stream.ts';
import type { Fault, FaultOf } from '../fault.ts';
import { frame } from './block-frames.ts';

/** Kinds of faults that are inside the events of this wire. */
const EVENT_FAULTS = [
  'no-message-stop',
  'error-event',
  'invalid-json',
  'double-message',
  'huge-event',
  'endless',
  'unknown-event',
] as const;
/** A fault of EVENT_FAULTS. */
export type EventFault = FaultOf<(typeof EVENT_FAULTS)[number]>;

/** True for a fault that `breakFrames` plays. */
export function isEventFault(fault: Fault): fault is EventFault {
  return EVENT_FAULTS.some((kind) => kind === fault.kind);
}

/** What became of the events. */
export interface BrokenFrames {
  readonly frames: readonly EventFrame[];
  /** The event that is repeated for ever; null = none. */
  readonly endlessEvent: number | null;
}

/** Plays a fault on a whole answer's events. Answers too short for the place asked for break at their end. */
export function breakFrames(frames: readonly EventFrame[], fault: EventFault): BrokenFrames {
  const firstDelta = Math.max(frames.findIndex(isDelta), 1);
  switch (fault.kind) {
    case 'no-message-stop':
      return whole(frames.slice(0, -1));
    case 'error-event':
      return whole([...frames.slice(0, errorPlace(frames, fault.at)), errorFrame(fault)]);
    case 'invalid-json':
      return whole(frames.map((one, index) => (index === fault.afterEvents ? cutJson(one) : one)));
    case 'double-message': {
      const at = fault.what === 'start' ? 1 : firstDelta + 1;
      const second = fault.what === 'start' ? frames.slice(0, 1) : frames;
      return whole([...frames.slice(0, at), ...second, ...frames.slice(at)]);
    }
    case 'huge-event':
      return whole([
        ...frames.slice(0, firstDelta),
        hugeFrame(fault.bytes),
        ...frames.slice(firstDelta),
      ]);
    case 'unknown-event':
      return whole([
        ...frames.slice(0, firstDelta),
        frame('content_block_annotation', '"index":0,"note":"an event of a later version"'),
        frame('content_block_delta', '"index":0,"delta":{"type":"later_delta","value":1}'),
        ...frames.slice(firstDelta),
      ]);
    case 'endless':
      return { frames: frames.slice(0, firstDelta + 1), endlessEvent: firstDelta };
  }
}

function whole(frames: readonly EventFrame[]): BrokenFrames {
  return { frames, endlessEvent: null };
}

function errorPlace(frames: readonly EventFrame[], at: FaultOf<'error-event'>['at']): number {
  if (at === 'first') return 0;
  if (at === 'after-text') {
    const text = frames.findIndex(({ data }) => data.includes('"type":"text_delta"'));
    return text === -1 ? frames.length - 2 : text + 1;
  }
  const start = frames.findIndex(({ data }) => data.includes('"content_block":{"type":"tool_use"'));
  const stop = frames.findIndex(
    ({ event }, index) => index > start && event === 'content_block_stop',
  );
  return stop === -1 ? frames.length - 2 : stop + 1;
}

function errorFrame({ shape, errorType, message }: FaultOf<'error-event'>): EventFrame {
  if (shape === 'bare-google') {
    const error = { code: 503, message, status: 'UNAVAILABLE' };
    return { event: null, data: JSON.stringify({ error }), tokens: 0 };
  }
  return frame('error', `"error":${JSON.stringify({ type: errorType, message })}`);
}

function hugeFrame(bytes: number): EventFrame {
  const delta = `{"type":"text_delta","text":"${'x'.repeat(bytes)}"}`;
  return frame('content_block_delta', `"index":0,"delta":${delta}`, 1);
}

function cutJson(one: EventFrame): EventFrame {
  return { ...one, data: one.data.slice(0, Math.ceil(one.data.length * 0.6)) };
}

function isDelta({ event }: EventFrame): boolean {
  return event === 'content_block_delta';
}
