import { LIMITS } from '../config/limits.ts';
import type { ReplyEnd, ReplyError, ReplyHead } from '../schemas/envelope.ts';
import { bytesIn, CONTROL, envelopeIn, FRAME, type Payload, textIn } from './frames.ts';
import { ReplySequence } from './reply-sequence.ts';

/** Why a stream ended without a word from its worker. */
export type LossReason =
  /** Nobody serves the provider. */
  | 'no-responders'
  /** The pool's member is full or draining. */
  | 'busy'
  /** The dispatch was not taken in time. */
  | 'not-accepted'
  /** The worker's process is gone, or it does not know the stream. */
  | 'worker-gone'
  /** The worker does not answer. */
  | 'worker-hung';

/** What the ingress does with a stream. After `onEnd`, `onError` or `onLost` nothing more is called. */
export interface ReplyListener {
  onAccept(): void;
  onHead(head: ReplyHead): void;
  /** Returns false when the client's socket is full: call `release` when it has drained. */
  onData(bytes: Uint8Array): boolean;
  onEnd(end: ReplyEnd): void;
  onError(error: ReplyError): void;
  onLost(reason: LossReason): void;
}

/** A word from the ingress to the worker of one stream. */
export interface ControlMessage {
  readonly workerId: string;
  readonly streamId: string;
  readonly type: number;
  readonly value: number;
  readonly wantsVerdict?: boolean;
}

/** What a stream needs of its hub. */
export interface StreamHub {
  /** `wantsVerdict`: should the worker be gone, the server's word of it comes back as `lose`. */
  control(message: ControlMessage): void;
  /** The last frame came: its acknowledgement lets the worker forget the stream, and may wait for company. */
  ended(workerId: string, streamId: string, sequence: number): void;
  closed(stream: ReplyStream): void;
  nowMs(): number;
}

/** The ingress's end of one reply stream. */
export class ReplyStream {
  readonly streamId: string;
  readonly #hub: StreamHub;
  readonly #listener: ReplyListener;
  readonly #sequence = new ReplySequence();
  #workerId: string | null = null;
  #isClosed = false;
  /** When `cancel` was called; null before. */
  cancelledAtMs: number | null = null;
  /** How often the worker was told to stop. */
  cancelsSent = 0;
  /** The acknowledgement that is due: frozen while the client's socket is full. */
  #taken = 0;
  #isBackedUp = false;
  #bytesSinceAck = 0;
  /** When the dispatch left, or the worker last gave a sign. */
  heardAtMs: number;
  /** Probes sent since that sign. */
  probes = 0;
  probedAtMs = 0;

  constructor(hub: StreamHub, options: { streamId: string; listener: ReplyListener }) {
    this.#hub = hub;
    this.streamId = options.streamId;
    this.#listener = options.listener;
    this.heardAtMs = hub.nowMs();
  }

  /** The worker that accepted; null before. */
  get workerId(): string | null {
    return this.#workerId;
  }

  /** All frames below it reached the client's socket. */
  get acknowledged(): number {
    return this.#taken;
  }

  /** Takes one frame of this stream. */
  receive(type: number, sequence: number, payload: Payload): void {
    if (this.#isClosed) return;
    if (this.cancelledAtMs !== null) {
      // The dispatch was still on its way when the client left.
      if (type === FRAME.ACCEPT && this.#workerId === null) {
        this.#workerId = textIn(payload);
        this.cancelAgain();
      }
      return;
    }
    if (type === FRAME.BUSY) {
      if (this.#workerId === null) this.lose('busy');
      return;
    }
    if (type === FRAME.ACCEPT && this.#isOtherWorker(payload)) return;
    this.heard();
    const verdict = this.#sequence.check(sequence);
    if (verdict === 'accept') this.#deliver(type, payload);
    else if (verdict === 'gap') this.#send(CONTROL.RESUME, this.#sequence.expected);
    else if (verdict === 'duplicate' && type === FRAME.END) this.#acknowledge();
  }

  /** The worker said that its next frame will be `nextSequence`. */
  heartbeat(nextSequence: number, workerId: string): void {
    // The ACCEPT itself was lost: it comes again with the rest.
    this.#workerId ??= workerId;
    this.heard();
    this.#sequence.forgetGap();
    if (this.#sequence.isBehind(nextSequence)) {
      this.#send(CONTROL.RESUME, this.#sequence.expected);
    }
  }

  /** The worker gave a sign of life for this stream. */
  heard(): void {
    this.heardAtMs = this.#hub.nowMs();
    this.probes = 0;
  }

  /** Our connection came back: asks for whatever was lost meanwhile. */
  resume(): void {
    if (this.cancelledAtMs !== null) {
      this.cancelAgain();
      return;
    }
    this.heard();
    this.#sequence.forgetGap();
    this.#send(CONTROL.RESUME, this.#sequence.expected);
  }

  /** The client's socket took everything: credit goes to the worker. */
  release(): void {
    if (!this.#isBackedUp || this.#isClosed) return;
    this.#isBackedUp = false;
    this.#acknowledge();
  }

  /**
   * The answer is not wanted any more: the worker ends its upstream call.
   *
   * Only `onLost` may still be called, when it turns out that the worker was gone already.
   */
  cancel(): void {
    if (this.#isClosed || this.cancelledAtMs !== null) return;
    this.cancelledAtMs = this.#hub.nowMs();
    this.cancelAgain();
  }

  /**
   * Says the cancellation again: the first word may be lost on its way, and a worker that died just then is missed
   * by the server only a moment later.
   */
  cancelAgain(): void {
    this.cancelsSent += 1;
    this.#send(CONTROL.CANCEL, 0, true);
  }

  /** Forgets a cancelled stream: its worker had time enough to be missed. */
  forget(): void {
    this.#close();
  }

  /** Ends the stream without a word from its worker. */
  lose(reason: LossReason): void {
    if (this.#isClosed) return;
    // Should it live after all, it shall stop paying.
    if (reason === 'worker-hung') this.#send(CONTROL.CANCEL, 0);
    this.#close();
    this.#listener.onLost(reason);
  }

  #deliver(type: number, payload: Payload): void {
    if (type === FRAME.DATA) {
      const bytes = bytesIn(payload);
      this.#bytesSinceAck += bytes.length;
      if (!this.#listener.onData(bytes)) this.#isBackedUp = true;
      if (this.#isBackedUp) return;
      this.#taken = this.#sequence.expected;
      if (this.#bytesSinceAck >= LIMITS.replyAckBytes) this.#acknowledge();
      return;
    }
    if (!this.#isBackedUp) this.#taken = this.#sequence.expected;
    if (type === FRAME.ACCEPT) {
      this.#workerId = textIn(payload);
      this.#listener.onAccept();
    } else if (type === FRAME.HEAD) {
      this.#listener.onHead(envelopeIn<ReplyHead>(payload));
    } else if (type === FRAME.END || type === FRAME.ERROR) {
      this.#taken = this.#sequence.expected;
      if (this.#workerId !== null) this.#hub.ended(this.#workerId, this.streamId, this.#taken);
      this.#close();
      if (type === FRAME.END) this.#listener.onEnd(envelopeIn<ReplyEnd>(payload));
      else this.#listener.onError(envelopeIn<ReplyError>(payload));
    }
  }

  #acknowledge(): void {
    this.#taken = this.#sequence.expected;
    this.#bytesSinceAck = 0;
    this.#send(CONTROL.ACK, this.#taken);
  }

  #isOtherWorker(payload: Payload): boolean {
    const workerId = textIn(payload);
    if (this.#workerId === null || this.#workerId === workerId) return false;
    this.#hub.control({ workerId, streamId: this.streamId, type: CONTROL.CANCEL, value: 0 });
    return true;
  }

  #send(type: number, value: number, wantsVerdict = false): void {
    const workerId = this.#workerId;
    if (workerId === null) return;
    this.#hub.control({ workerId, streamId: this.streamId, type, value, wantsVerdict });
  }

  #close(): void {
    this.#isClosed = true;
    this.#hub.closed(this);
  }
}
