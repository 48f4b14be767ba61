import type { EventFrame } from './event-stream.ts';
import type { Fault, FaultOf } from './fault.ts';

/** Kinds of faults that are inside the events of a stream. */
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

/** Share of an event's JSON that `invalid-json` leaves. */
const CUT_SHARE = 0.6;

/** True for a fault that `breakFrames` plays. */
export function isEventFault(fault: Fault): fault is EventFault {
  return EVENT_FAULTS.some((kind) => kind === fault.kind);
}

/** What a wire's events mean, as far as faults care. */
export interface BreakableWire {
  /** True for an event that carries a piece of the answer. */
  isDelta(frame: EventFrame): boolean;
  isText(frame: EventFrame): boolean;
  /** Index after the last event of the first tool call; -1 without a call. */
  endOfCall(frames: readonly EventFrame[]): number;
  /** Index of the first event that says the answer is whole. */
  ending(frames: readonly EventFrame[]): number;
  /** The event without the word that the answer is whole; absent = that word is an event of its own. */
  withoutEnd?(frame: EventFrame): EventFrame;
  /** What a stream ends with that met an error. */
  errorFrames(fault: FaultOf<'error-event'>): readonly EventFrame[];
  /** A piece of text of this many bytes. */
  hugeFrame(bytes: number): EventFrame;
  /** Legal events that no reader of today knows. */
  unknownFrames(): readonly EventFrame[];
}

/** What became of the events. */
export interface BrokenFrames {
  readonly frames: readonly EventFrame[];
  /** The event that is repeated for ever; null = none. */
  readonly endlessEvent: number | null;
}

/** Plays a fault on a whole answer's events. Answers too short for the place asked for break at their end. */
export function breakFrames(
  frames: readonly EventFrame[],
  fault: EventFault,
  wire: BreakableWire,
): BrokenFrames {
  const firstDelta = Math.max(
    frames.findIndex((frame) => wire.isDelta(frame)),
    0,
  );
  const insert = (at: number, more: readonly EventFrame[]): BrokenFrames =>
    whole([...frames.slice(0, at), ...more, ...frames.slice(at)]);
  switch (fault.kind) {
    case 'no-message-stop':
      return whole(frames.slice(0, wire.ending(frames)));
    case 'error-event': {
      const before = frames.slice(0, errorPlace(frames, fault.at, wire));
      const open = before.map((frame) => wire.withoutEnd?.(frame) ?? frame);
      return whole([...open, ...wire.errorFrames(fault)]);
    }
    case 'invalid-json':
      return whole(frames.map((one, index) => (index === fault.afterEvents ? cutJson(one) : one)));
    case 'double-message':
      return fault.what === 'start'
        ? insert(1, frames.slice(0, 1))
        : insert(firstDelta + 1, frames);
    case 'huge-event':
      return insert(firstDelta, [wire.hugeFrame(fault.bytes)]);
    case 'unknown-event':
      return insert(firstDelta, wire.unknownFrames());
    case 'endless':
      return { frames: frames.slice(0, firstDelta + 1), endlessEvent: firstDelta };
  }
}

/** Google's error body as data without an event name. */
export function bareGoogleFrame(message: string): EventFrame {
  const error = { code: 503, message, status: 'UNAVAILABLE' };
  return { event: null, data: JSON.stringify({ error }), tokens: 0 };
}

function whole(frames: readonly EventFrame[]): BrokenFrames {
  return { frames, endlessEvent: null };
}

function errorPlace(
  frames: readonly EventFrame[],
  at: FaultOf<'error-event'>['at'],
  wire: BreakableWire,
): number {
  if (at === 'first') return 0;
  const place =
    at === 'after-text'
      ? frames.findIndex((frame) => wire.isText(frame)) + 1
      : wire.endOfCall(frames);
  return place > 0 ? place : wire.ending(frames);
}

function cutJson(one: EventFrame): EventFrame {
  return { ...one, data: one.data.slice(0, Math.ceil(one.data.length * CUT_SHARE)) };
}
