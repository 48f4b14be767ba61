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

/** A frame to be encoded. */
export interface Frame {
  readonly type: FrameType;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** Encodes frames into one message. */
export function encodeFrames(frames: readonly Frame[]): Uint8Array {
  let size = 0;
  for (const frame of frames) size += FRAME_HEADER_BYTES + frame.payload.length;
  const message = Buffer.allocUnsafe(size);
  let offset = 0;
  for (const { type, sequence, payload } of frames) {
    message[offset] = type;
    message.writeUInt32LE(sequence, offset + 1);
    message.writeUInt32LE(payload.length, offset + 5);
    message.set(payload, offset + FRAME_HEADER_BYTES);
    offset += FRAME_HEADER_BYTES + payload.length;
  }
  return message;
}

/** Encodes an uncounted frame as a message of its own. */
export function encodeFrame(type: FrameType, payload: Uint8Array = NO_BYTES): Uint8Array {
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
