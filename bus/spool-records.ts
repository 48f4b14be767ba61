import { crc32 } from 'node:zlib';

/** An event on its way to stream EV. */
export interface EventRecord {
  readonly subject: string;
  /** Becomes `Nats-Msg-Id`. */
  readonly id: string;
  readonly data: Uint8Array;
}

/** What a spool file holds. */
export interface SpoolContent {
  readonly records: readonly EventRecord[];
  /** Bytes of the whole records; what follows them was torn, or is nothing of ours. */
  readonly bytes: number;
}

/** `u32le bytes, u32le CRC-32` of what follows: `u16le subject bytes, u16le id bytes, subject, id, data`. */
const HEAD_BYTES = 8;
const LENGTHS_BYTES = 4;

/** Writes a record as it lies in a spool file. */
export function encodeRecord({ subject, id, data }: EventRecord): Buffer {
  const subjectBytes = Buffer.byteLength(subject);
  const idBytes = Buffer.byteLength(id);
  const bodyBytes = LENGTHS_BYTES + subjectBytes + idBytes + data.length;
  const record = Buffer.allocUnsafe(HEAD_BYTES + bodyBytes);
  let at = record.writeUInt32LE(bodyBytes, 0) + 4;
  at = record.writeUInt16LE(subjectBytes, at);
  at = record.writeUInt16LE(idBytes, at);
  at += record.write(subject, at);
  at += record.write(id, at);
  record.set(data, at);
  record.writeUInt32LE(crc32(record.subarray(HEAD_BYTES)), 4);
  return record;
}

/** Reads the records of a spool file up to the first that is torn: its process was killed while it wrote it. */
export function decodeRecords(bytes: Buffer): SpoolContent {
  const records: EventRecord[] = [];
  let at = 0;
  while (bytes.length - at >= HEAD_BYTES + LENGTHS_BYTES) {
    const end = at + HEAD_BYTES + bytes.readUInt32LE(at);
    const body = bytes.subarray(at + HEAD_BYTES, end);
    if (end > bytes.length || crc32(body) !== bytes.readUInt32LE(at + 4)) break;
    const record = decodeBody(body);
    if (record === null) break;
    records.push(record);
    at = end;
  }
  return { records, bytes: at };
}

function decodeBody(body: Buffer): EventRecord | null {
  if (body.length < LENGTHS_BYTES) return null;
  const subjectEnd = LENGTHS_BYTES + body.readUInt16LE(0);
  const idEnd = subjectEnd + body.readUInt16LE(2);
  if (idEnd > body.length) return null;
  return {
    subject: body.toString('utf8', LENGTHS_BYTES, subjectEnd),
    id: body.toString('utf8', subjectEnd, idEnd),
    data: body.subarray(idEnd),
  };
}
