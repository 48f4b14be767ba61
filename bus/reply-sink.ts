import type { ReplyEnd, ReplyError, ReplyHead } from '../schemas/envelope.ts';

/**
 * The worker's end of one reply stream.
 *
 * `head` comes once, before the first `write`; then exactly one of `end` and `error`. Nothing here blocks: look at
 * `isWritable` after a write and stop reading the upstream until `drained` resolves.
 */
export interface ReplySink {
  /** Aborted when the client left, the ingress died, or the attempt was superseded. */
  readonly signal: AbortSignal;
  /** False while the unacknowledged bytes fill the window. */
  readonly isWritable: boolean;
  /** Resolves when the window has room again, or when `signal` is aborted. */
  drained(): Promise<void>;
  /** Announces the answer. It travels with the first data, or at the next flush. */
  head(head: ReplyHead): void;
  /**
   * Queues bytes for the client. `isUrgent` sends now; else they may wait up to `coalesceMsMax` for company.
   * The first write is always sent at once. The bytes are not copied: do not change them afterwards.
   */
  write(bytes: Uint8Array, isUrgent: boolean): void;
  /** Ends the stream well. */
  end(end: ReplyEnd): void;
  /** Ends the stream with a failure. */
  error(error: ReplyError): void;
}
