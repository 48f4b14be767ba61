import type { Framing } from './behaviour.ts';

/** One event before it is bytes. */
export interface EventFrame {
  /** null = an event without a name. */
  readonly event: string | null;
  /** JSON. */
  readonly data: string;
  /** Tokens of the answer that it carries. */
  readonly tokens: number;
  /** True = `data` is sent as it is, outside any event: what breaks in behind the events. */
  readonly isRaw?: boolean;
}

/** An event stream in one piece of memory, with the places where events end. */
export interface EncodedStream {
  readonly bytes: Buffer;
  /** Offset after each event. */
  readonly ends: Uint32Array;
  /** Tokens sent once this event was. */
  readonly tokensUpTo: Uint32Array;
  /** The event that is repeated for ever; null = the stream ends. */
  readonly endlessEvent: number | null;
}

/** How a provider frames events when nothing else is asked for. */
export interface FramingHabits {
  readonly lineEnding: 'lf' | 'crlf';
  readonly isPadded: boolean;
  /** Sent before the first of these events. */
  readonly preamble: string;
  /** What keeps the connection alive; absent = an event `ping`. */
  readonly ping?: string;
}

// The real API pads its data lines with a changing number of spaces, before the last brace.
const PADDING = Array.from({ length: 16 }, (_, count) => ' '.repeat(count));
const LINE_ENDS = { lf: '\n', crlf: '\r\n', cr: '\r' } as const;
const PING = { event: 'ping', data: '{"type": "ping"}', tokens: 0 } as const;

/** Puts events into one buffer. */
export function encodeEvents(
  frames: readonly EventFrame[],
  framing: Framing,
  habits: FramingHabits,
): EncodedStream {
  const isPadded = framing.isPadded ?? habits.isPadded;
  const eol = LINE_ENDS[framing.lineEnding ?? habits.lineEnding];
  const ends = new Uint32Array(frames.length);
  const tokensUpTo = new Uint32Array(frames.length);
  let text = '';
  let bytes = 0;
  let tokens = 0;
  for (const [index, frame] of frames.entries()) {
    let piece = index === 0 ? habits.preamble : '';
    for (let ping = 0; ping < framing.pingsPerEvent; ping += 1) {
      piece += habits.ping ?? eventText(PING, { framing, eol, padding: '' });
    }
    const padding = isPadded && isPaddable(frame) ? (PADDING[(index * 7) & 15] ?? '') : '';
    piece += frame.isRaw === true ? frame.data : eventText(frame, { framing, eol, padding });
    text += piece;
    bytes += Buffer.byteLength(piece);
    tokens += frame.tokens;
    ends[index] = bytes;
    tokensUpTo[index] = tokens;
  }
  return { bytes: Buffer.from(text), ends, tokensUpTo, endlessEvent: null };
}

/** Joins streams into one. */
export function joinStreams(parts: readonly EncodedStream[]): EncodedStream {
  const count = parts.reduce((sum, { ends }) => sum + ends.length, 0);
  const ends = new Uint32Array(count);
  const tokensUpTo = new Uint32Array(count);
  let at = 0;
  let bytes = 0;
  let tokens = 0;
  for (const part of parts) {
    for (let index = 0; index < part.ends.length; index += 1) {
      ends[at] = bytes + (part.ends[index] as number); // index < ends.length
      tokensUpTo[at] = tokens + (part.tokensUpTo[index] as number);
      at += 1;
    }
    bytes += part.bytes.length;
    tokens += part.tokensUpTo.at(-1) ?? 0;
  }
  return {
    bytes: Buffer.concat(parts.map((part) => part.bytes)),
    ends,
    tokensUpTo,
    endlessEvent: null,
  };
}

function isPaddable({ event, data }: EventFrame): boolean {
  return event !== 'ping' && data.endsWith('}');
}

interface EventStyle {
  readonly framing: Framing;
  readonly eol: string;
  readonly padding: string;
}

function eventText({ event, data }: EventFrame, { framing, eol, padding }: EventStyle): string {
  const padded = padding === '' ? data : `${data.slice(0, -1)}${padding}${data.slice(-1)}`;
  let text = framing.hasComments ? `: sandbox${eol}` : '';
  if (event !== null) text += `event: ${event}${eol}`;
  if (framing.hasExtraFields) text += `id: 1${eol}retry: 3000${eol}`;
  if (framing.hasSplitData && padded.startsWith('{')) {
    return `${text}data: {${eol}data: ${padded.slice(1)}${eol}${eol}`;
  }
  return `${text}data: ${padded}${eol}${eol}`;
}
