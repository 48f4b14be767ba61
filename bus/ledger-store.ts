import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { jetstream } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { LIMITS } from '../config/limits.ts';
import { KV_BUCKETS } from '../schemas/subjects.ts';
import type { Bus } from './connect.ts';
import { isKeyConflict } from './key-conflict.ts';
import { LastingBucket } from './lasting-bucket.ts';

/** A value with its revision in the bucket. */
export interface StoredValue {
  readonly bytes: Uint8Array;
  readonly revision: number;
}

/**
 * Bucket `gw-totals`, where a ledger keeps its sums. Values are packed (`packed`, `unpacked` of this file). Everything throws
 * when the store does not answer.
 */
export interface LedgerStore {
  /** Null = the key does not exist, or was deleted; its revision counts all the same. */
  read(key: string): Promise<StoredValue | null>;
  /** Revision of a key, also of a deleted one; 0 = there never was one. */
  revisionOf(key: string): Promise<number>;
  /** Resolves with the new revision; null = somebody else wrote the key since revision `after`. */
  put(key: string, bytes: Uint8Array, after: number): Promise<number | null>;
  /** Deletes and forgets a key. */
  purge(key: string): Promise<void>;
  /** Keys that begin with a token, e.g. `hour` for `hour.2026-11-22T05`; sorted. */
  keys(token: string): Promise<readonly string[]>;
}

/** How long one read or write waits for JetStream. */
const ANSWER_MS_MAX = 5_000;
/** Smaller texts stay readable. */
const PACKED_BYTES_MIN = 4_096;
const ZSTD_MAGIC = 0x28;
/** The fastest level: a snapshot is written up to ten times a second. */
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** Writes text as bytes of a value: as it is, or compressed by zstd when it is long. */
export function packed(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  return bytes.length < PACKED_BYTES_MIN ? bytes : zstdCompressSync(bytes, COMPRESSION);
}

/** Reads what `packed` wrote. Throws on bytes that are neither. */
export function unpacked(bytes: Uint8Array): string {
  const text = bytes[0] === ZSTD_MAGIC ? zstdDecompressSync(bytes) : Buffer.from(bytes);
  return text.toString();
}

/** Opens the store; the bucket is made when it is missing, at the first use. */
export function createLedgerStore(bus: Bus): LedgerStore {
  return new TotalsBucket(bus);
}

class TotalsBucket implements LedgerStore {
  readonly #bucket: LastingBucket;

  constructor(bus: Bus) {
    this.#bucket = new LastingBucket(bus, openTotalsBucket);
  }

  async read(key: string): Promise<StoredValue | null> {
    const entry = await this.#bucket.use((kv) => kv.get(key));
    if (entry === null || entry.operation !== 'PUT') return null;
    return { bytes: entry.value, revision: entry.revision };
  }

  async revisionOf(key: string): Promise<number> {
    return (await this.#bucket.use((kv) => kv.get(key)))?.revision ?? 0;
  }

  async put(key: string, bytes: Uint8Array, after: number): Promise<number | null> {
    if (bytes.length > LIMITS.ledgerValueBytesMax) {
      throw new RangeError(`${key} has ${bytes.length} bytes, which is more than one value holds`);
    }
    try {
      return await this.#bucket.use((kv) => kv.put(key, bytes, { previousSeq: after }));
    } catch (error) {
      if (isKeyConflict(error)) return null;
      throw error;
    }
  }

  async purge(key: string): Promise<void> {
    await this.#bucket.use((kv) => kv.purge(key));
  }

  async keys(token: string): Promise<readonly string[]> {
    return this.#bucket.use(async (kv) => {
      const keys: string[] = [];
      for await (const key of await kv.keys(`${token}.>`)) keys.push(key);
      return keys.sort();
    });
  }
}

/** Opens bucket `gw-totals`, making it when it is missing. */
export function openTotalsBucket(bus: Bus): Promise<KV> {
  return new Kvm(jetstream(bus.connection, { timeout: ANSWER_MS_MAX })).create(KV_BUCKETS.totals, {
    history: 1,
    max_bytes: LIMITS.ledgerBytesMax,
  });
}
