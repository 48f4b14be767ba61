import { LIMITS } from '../config/limits.ts';
import type { ReplyEnd, ReplyError, ReplyHead } from '../schemas/envelope.ts';
import { FRAME, type FrameType, type Payload, parcelOfFrames } from './frames.ts';
import type { Parcel } from './parcel.ts';
import type { ReplySink } from './reply-sink.ts';
import { ReplyWindow } from './reply-window.ts';

/** A frame before it has its sequence number. */
interface UnnumberedFrame {
  readonly type: FrameType;
  readonly payload: Payload;
}

/** What a sender needs of its host. */
export interface SenderHost {
  publish(message: Parcel): void;
  /** Asks for `flush` at the end of this turn of the event loop: an answer that is whole at once is one message. */
  flushSoon(sender: ReplySender): void;
  /** Asks for `flush` within the coalescing time. */
  scheduleFlush(sender: ReplySender): void;
  /** The stream is over and everything was acknowledged, or it was given up. */
  finished(sender: ReplySender): void;
  nowMs(): number;
}

/** One NATS message holds at most this much of an answer: far below `max_payload`. */
const MESSAGE_BYTES_MAX = 131_072;

/** The worker's end of one reply stream: coalesces, numbers, keeps what is unacknowledged. */
export class ReplySender implements ReplySink {
  readonly streamId: string;
  readonly ingressId: string;
  readonly #host: SenderHost;
  readonly #abort = new AbortController();
  readonly #window = new ReplyWindow(LIMITS.replyWindowBytesMax);
  #queued: Uint8Array[] = [];
  #queuedBytes = 0;
  #accept: UnnumberedFrame | null = null;
  #head: ReplyHead | null = null;
  #last: UnnumberedFrame | null = null;
  #hasSentData = false;
  #drained: PromiseWithResolvers<void> | null = null;
  /** When the last frame left: silence since then calls for a heartbeat. */
  sentAtMs: number;
  /** When the ingress last gave a sign of wanting this stream. */
  heardAtMs: number;
  /** Set when the stream was ended; it then lingers for its last acknowledgement. */
  endedAtMs: number | null = null;

  constructor(host: SenderHost, options: { streamId: string; ingressId: string }) {
    this.#host = host;
    this.streamId = options.streamId;
    this.ingressId = options.ingressId;
    this.sentAtMs = host.nowMs();
    this.heardAtMs = this.sentAtMs;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isWritable(): boolean {
    return this.#window.hasRoom(this.#queuedBytes);
  }

  /** The sequence number of the next frame. */
  get nextSequence(): number {
    return this.#window.nextSequence;
  }

  drained(): Promise<void> {
    if (this.isWritable || this.signal.aborted) return Promise.resolve();
    this.#drained ??= Promise.withResolvers<void>();
    return this.#drained.promise;
  }

  /** Announces ACCEPT, the first frame of every stream. A quick answer takes it along. */
  accept(workerId: string): void {
    this.#accept = { type: FRAME.ACCEPT, payload: workerId };
    this.#host.scheduleFlush(this);
  }

  head(head: ReplyHead): void {
    this.#head = head;
    this.#host.scheduleFlush(this);
  }

  write(bytes: Uint8Array, isUrgent: boolean): void {
    if (this.signal.aborted || this.endedAtMs !== null || bytes.length === 0) return;
    this.#queued.push(bytes);
    this.#queuedBytes += bytes.length;
    if (isUrgent || !this.#hasSentData || this.#queuedBytes >= LIMITS.replyCoalesceBytesMax) {
      this.#host.flushSoon(this);
    } else {
      this.#host.scheduleFlush(this);
    }
  }

  end(end: ReplyEnd): void {
    this.#finish(FRAME.END, end);
  }

  error(error: ReplyError): void {
    this.#finish(FRAME.ERROR, error);
  }

  /** Sends what is queued, as far as the window has room; the rest goes when credit comes. */
  flush(): void {
    for (;;) {
      const frames: UnnumberedFrame[] = [];
      if (this.#accept !== null) {
        frames.push(this.#accept);
        this.#accept = null;
      }
      if (this.#head !== null) {
        frames.push({ type: FRAME.HEAD, payload: this.#head });
        this.#head = null;
      }
      const dataBytes = this.#takeQueued(frames);
      if (this.#last !== null && this.#queuedBytes === 0) {
        frames.push(this.#last);
        this.#last = null;
      }
      if (frames.length === 0) return;
      this.#send(frames, dataBytes);
    }
  }

  /** The ingress took all frames below `sequence`. */
  acknowledge(sequence: number): void {
    this.heardAtMs = this.#host.nowMs();
    this.#window.acknowledge(sequence);
    if (this.#queuedBytes > 0) this.flush();
    if (this.#drained !== null && this.isWritable) this.#releaseDrained();
    const isDelivered = this.endedAtMs !== null && this.#last === null && this.#window.isEmpty;
    if (isDelivered) this.#host.finished(this);
  }

  /** Sends everything unacknowledged again: frames may have been lost. */
  resend(): void {
    const messages = this.#window.unacknowledged();
    if (messages.length === 0) return;
    this.sentAtMs = this.#host.nowMs();
    for (const message of messages) this.#host.publish(message);
  }

  /** The answer is not wanted any more. */
  cancel(): void {
    this.#abort.abort();
    this.#releaseDrained();
    this.#host.finished(this);
  }

  #finish(type: FrameType, payload: Payload): void {
    if (this.endedAtMs !== null) return;
    this.endedAtMs = this.#host.nowMs();
    this.#last = { type, payload };
    this.#host.flushSoon(this);
  }

  #send(frames: readonly UnnumberedFrame[], dataBytes: number): void {
    if (this.signal.aborted) return;
    let sequence = this.#window.takeSequences(frames.length);
    const numbered = frames.map(({ type, payload }) => ({ type, payload, sequence: sequence++ }));
    const message = parcelOfFrames(numbered);
    this.#window.sent(message, dataBytes);
    this.sentAtMs = this.#host.nowMs();
    this.#host.publish(message);
  }

  // Moves queued bytes into DATA frames of one message; returns how many.
  #takeQueued(frames: UnnumberedFrame[]): number {
    let taken = 0;
    while (this.#queuedBytes > 0 && taken < MESSAGE_BYTES_MAX && this.#window.hasRoom(taken)) {
      const data = this.#queued.length === 1 ? this.#queued[0] : Buffer.concat(this.#queued);
      if (data === undefined) break;
      const payload = data.subarray(0, LIMITS.replyFrameBytesMax);
      frames.push({ type: FRAME.DATA, payload });
      this.#queued = payload.length === data.length ? [] : [data.subarray(payload.length)];
      this.#queuedBytes -= payload.length;
      taken += payload.length;
    }
    if (taken > 0) this.#hasSentData = true;
    return taken;
  }

  #releaseDrained(): void {
    this.#drained?.resolve();
    this.#drained = null;
  }
}
