import { LIMITS } from '../config/limits.ts';

/** Bytes of event stream per output token where no content was seen: the beginning of an answer. */
const STREAM_BYTES_PER_TOKEN = 40;
/** English prose and code average 3.5 to 4.5. */
const TEXT_BYTES_PER_TOKEN = 4;
const EVENT = 'event: ';
const DELTA = 'event: content_block_delta';
const EMPTY_DELTA =
  'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}}';

/**
 * The end of an event stream: should its worker vanish, it tells how many output tokens the whole stood for. Some providers send
 * one token per event, others a dozen.
 */
export class StreamTail {
  #receivedBytes = 0;
  #kept: Buffer | null = null;
  #keptBytes = 0;

  /** Takes the next bytes; their memory is not held. */
  take(bytes: Uint8Array): void {
    const bytesMax = LIMITS.streamTailBytesMax;
    this.#receivedBytes += bytes.length;
    // Memory of its own: a slice of a shared piece would keep all of that as long as the answer takes.
    this.#kept ??= Buffer.allocUnsafeSlow(bytesMax);
    const added = bytes.length > bytesMax ? bytes.subarray(bytes.length - bytesMax) : bytes;
    const left = Math.min(this.#keptBytes, bytesMax - added.length);
    this.#kept.copyWithin(0, this.#keptBytes - left, this.#keptBytes);
    this.#kept.set(added, left);
    this.#keptBytes = left + added.length;
  }

  /** Counts bytes that are no events. */
  count(bytes: number): void {
    this.#receivedBytes += bytes;
  }

  /** An estimate. */
  outputTokens(): number {
    return Math.ceil(this.#receivedBytes * this.#tokensPerByte());
  }

  #tokensPerByte(): number {
    const kept = this.#kept?.toString('latin1', 0, this.#keptBytes) ?? '';
    const start = kept.indexOf(EVENT);
    // The middle of one long event.
    if (start === -1) return 1 / TEXT_BYTES_PER_TOKEN;
    const whole = kept.slice(start);
    const deltas = whole.split('\n\n').filter((event) => event.startsWith(DELTA));
    if (deltas.length === 0) return 1 / STREAM_BYTES_PER_TOKEN;
    const texts = deltas.map((delta) => delta.replace(/ +\}$/, '}').length - EMPTY_DELTA.length);
    const textBytes = texts.reduce((sum, bytes) => sum + Math.max(0, bytes), 0);
    return Math.max(deltas.length, textBytes / TEXT_BYTES_PER_TOKEN) / whole.length;
  }
}
