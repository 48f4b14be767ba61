import { Packr } from 'msgpackr';

// Plain maps, no shared record structures: every message can be read alone, by any version of us.
const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: true });

/** Encodes an envelope as msgpack. The result is a copy that the caller owns. */
export function encodeEnvelope(value: unknown): Uint8Array {
  return packr.pack(value);
}

/** Decodes what `encodeEnvelope` made. Throws on bytes that are not msgpack. */
export function decodeEnvelope<T>(bytes: Uint8Array): T {
  return packr.unpack(bytes) as T; // written by our own processes; edges that read foreign bytes use a schema
}
