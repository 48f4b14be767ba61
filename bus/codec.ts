import { Packr } from 'msgpackr';

// Records, so that a batch of like objects spells its keys once. They are defined within each message: every message can
// be read alone, by any version of us.
const packr = new Packr({ useRecords: true, encodeUndefinedAsNil: true });

/** Encodes a small message as JSON: V8's own parser is the fastest for one. The result is a copy that the caller owns. */
export function encodeEnvelope(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** Decodes what `encodeEnvelope` made. Throws SyntaxError on bytes that are not JSON. */
export function decodeEnvelope<T>(bytes: Uint8Array): T {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  return JSON.parse(text) as T; // written by our own processes; edges that read foreign bytes use a schema
}

/** Encodes a batch or a report, many objects of few shapes, as msgpack. The result is a copy that the caller owns. */
export function encodeBatch(value: unknown): Uint8Array {
  return packr.pack(value);
}

/** Decodes what `encodeBatch` made. Throws on bytes that are not msgpack. */
export function decodeBatch<T>(bytes: Uint8Array): T {
  return packr.unpack(bytes) as T; // see decodeEnvelope
}
