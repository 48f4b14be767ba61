import { decodeEnvelope, encodeEnvelope } from './codec.ts';
import type { BusMessage } from './connect.ts';
import type { Parcel } from './parcel.ts';

/**
 * The frames of a reply stream. One NATS message carries one or more of them.
 *
 * Layout: `u8 type, u32le sequence, u32le payload bytes, payload`.
 */
export const FRAME = {
  /** The worker took the dispatch. Payload: worker id. */
  ACCEPT: 1,
  DATA: 2,
  END: 3,
  ERROR: 4,
  /** The worker lives: its idle streams and their next sequence numbers. Not counted. */
  HEARTBEAT: 5,
  /** The worker is full or draining. Not counted. */
  BUSY: 6,
  HEAD: 7,
  /** The router's decision. Not counted. */
  ROUTE: 8,
  /** Answer to a probe: which streams the worker does not know. Not counted. */
  PROBED: 9,
  /** A worker asks whether its streams are still wanted. Not counted. */
  WANTED: 10,
} as const;
/** A value of FRAME. */
export type FrameType = (typeof FRAME)[keyof typeof FRAME];

/** Control messages, ingress → worker: `u8 type, u32le value`, or a list (ALIVE, PROBE). */
export const CONTROL = {
  /** Cumulative: every frame below the value was taken by the client's socket. */
  ACK: 1,
  /** Send again from the value on. */
  RESUME: 2,
  CANCEL: 3,
  /** List of streams still wanted, each with its acknowledgement. */
  ALIVE: 4,
  /** List of streams whose worker was silent; answered with PROBED. */
  PROBE: 5,
} as const;

/** Bytes in front of a frame's payload. */
export const FRAME_HEADER_BYTES = 9;
const NO_BYTES = new Uint8Array(0);

/** What a frame carries: bytes; a text, latin1 where it travels; or an envelope, which travels as JSON. */
export type Payload = Uint8Array | string | object;

/** A frame to be sent. */
export interface Frame {
  readonly type: FrameType;
  readonly sequence: number;
  readonly payload: Payload;
}

/** Puts frames into one message. */
export function parcelOfFrames(frames: readonly Frame[]): Parcel {
  return { content: frames, encode: () => encodeFrames(frames) };
}

/** Encodes frames into one message. */
export function encodeFrames(frames: readonly Frame[]): Uint8Array {
  const payloads = frames.map(({ payload }) => bytesIn(payload));
  let size = 0;
  for (const payload of payloads) size += FRAME_HEADER_BYTES + payload.length;
  const message = Buffer.allocUnsafe(size);
  let offset = 0;
  for (const [index, payload] of payloads.entries()) {
    const { type, sequence } = frames[index] as Frame; // as many as payloads
    message[offset] = type;
    message.writeUInt32LE(sequence, offset + 1);
    message.writeUInt32LE(payload.length, offset + 5);
    message.set(payload, offset + FRAME_HEADER_BYTES);
    offset += FRAME_HEADER_BYTES + payload.length;
  }
  return message;
}

/** Encodes an uncounted frame as a message of its own. */
export function encodeFrame(type: FrameType, payload: Payload = NO_BYTES): Uint8Array {
  return encodeFrames([{ type, sequence: 0, payload }]);
}

/**
 * Reads the frames of a message, in order. Payloads are views into `message`.
 *
 * @throws RangeError when the message is not a whole number of frames.
 */
export function readFrames(
  message: Uint8Array,
  onFrame: (type: number, sequence: number, payload: Uint8Array) => void,
): void {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let offset = 0;
  while (offset < message.length) {
    const payloadStart = offset + FRAME_HEADER_BYTES;
    if (payloadStart > message.length) throw new RangeError('frame header is cut off');
    const payloadEnd = payloadStart + view.getUint32(offset + 5, true);
    if (payloadEnd > message.length) throw new RangeError('frame payload is cut off');
    const type = message[offset] ?? 0;
    onFrame(type, view.getUint32(offset + 1, true), message.subarray(payloadStart, payloadEnd));
    offset = payloadEnd;
  }
}

/** Tells the frames of a message, in order, whichever way it came. @throws as `readFrames` does. */
export function forEachFrame(
  { data, content }: Pick<BusMessage, 'data' | 'content'>,
  onFrame: (type: number, sequence: number, payload: Payload) => void,
): void {
  if (content === null) {
    readFrames(data, onFrame);
    return;
  }
  for (const { type, sequence, payload } of content as readonly Frame[]) {
    onFrame(type, sequence, payload);
  }
}

/** The payload as bytes. */
export function bytesIn(payload: Payload): Uint8Array {
  if (payload instanceof Uint8Array) return payload;
  return typeof payload === 'string' ? Buffer.from(payload, 'latin1') : encodeEnvelope(payload);
}

/** The text in a payload. */
export function textIn(payload: Payload): string {
  return typeof payload === 'string' ? payload : Buffer.from(bytesIn(payload)).toString('latin1');
}

/** The envelope in a payload. Throws SyntaxError on bytes that are not JSON. */
export function envelopeIn<T>(payload: Payload): T {
  return payload instanceof Uint8Array ? decodeEnvelope<T>(payload) : (payload as T);
}

/** Encodes a control message with one value. */
export function encodeControl(type: number, value: number): Uint8Array {
  const message = Buffer.allocUnsafe(5);
  message[0] = type;
  message.writeUInt32LE(value, 1);
  return message;
}

/** The value of a control message made by `encodeControl`. */
export function controlValue(message: Uint8Array): number {
  return new DataView(message.buffer, message.byteOffset, message.byteLength).getUint32(1, true);
}
