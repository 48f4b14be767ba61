import type { Dispatch } from '../schemas/envelope.ts';
import { decodeEnvelope, encodeEnvelope } from './codec.ts';
import type { BusMessage } from './connect.ts';
import type { Parcel } from './parcel.ts';

/** A dispatch, and the body where it came along; null = the worker fetches it. */
export interface Dispatched {
  readonly dispatch: Dispatch;
  readonly inlineBody: Uint8Array | null;
}

/** Puts a dispatch into one message. */
export function parcelOfDispatch(dispatched: Dispatched): Parcel {
  return { content: dispatched, encode: () => encodeDispatch(dispatched) };
}

/** The dispatch of a message, whichever way it came. Throws as `decodeDispatch` does. */
export function dispatchedIn({ data, content }: Pick<BusMessage, 'data' | 'content'>): Dispatched {
  return content === null ? decodeDispatch(data) : (content as Dispatched);
}

/** Encodes a dispatch: `u32le head bytes, head (JSON), inline body`. */
export function encodeDispatch({ dispatch, inlineBody }: Dispatched): Uint8Array {
  const head = encodeEnvelope(dispatch);
  const message = Buffer.allocUnsafe(4 + head.length + (inlineBody?.length ?? 0));
  message.writeUInt32LE(head.length, 0);
  message.set(head, 4);
  if (inlineBody !== null) message.set(inlineBody, 4 + head.length);
  return message;
}

/**
 * Decodes a dispatch. Throws RangeError, SyntaxError or TypeError on bytes that are none. `inlineBody` is a view into `message`,
 * or null when the body did not come along.
 */
export function decodeDispatch(message: Uint8Array): Dispatched {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const bodyStart = 4 + view.getUint32(0, true);
  const dispatch = decodeEnvelope<Dispatch>(message.subarray(4, bodyStart));
  if (dispatch?.v !== 1 || typeof dispatch.ingressId !== 'string') {
    throw new TypeError('not a dispatch of version 1');
  }
  const inlineBody = message.length > bodyStart ? message.subarray(bodyStart) : null;
  return { dispatch, inlineBody };
}
