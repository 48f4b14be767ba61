import { LIMITS } from '../../config/limits.ts';
import { DigestSet, digestOf } from '../state/digest-set.ts';

/** A message, and the request that it answered. */
export interface MessageIdentity {
  readonly messageId: string;
  readonly requestId: string | null;
}

/** Messages that are known, in 16 bytes each or less: by id and request, or by the id alone where a side has no request. */
export class MessageIds {
  readonly #digests = new DigestSet();

  /** Adds a message. Throws RangeError beyond `transcriptMessagesMax`. */
  add({ messageId, requestId }: MessageIdentity): void {
    this.#add(messageId);
    this.#add(pairOf(messageId, requestId));
  }

  /** Whether a message was added. */
  has({ messageId, requestId }: MessageIdentity): boolean {
    if (requestId === null) return this.#has(messageId);
    return this.#has(pairOf(messageId, requestId)) || this.#has(pairOf(messageId, null));
  }

  #has(id: string): boolean {
    return this.#digests.flagOf(digestOf(id)) !== null;
  }

  #add(id: string): void {
    const digest = digestOf(id);
    if (this.#digests.flagOf(digest) !== null) return;
    if (this.#digests.size >= 2 * LIMITS.transcriptMessagesMax) {
      throw new RangeError(
        'too many messages for one report: choose fewer days (--since, --until)',
      );
    }
    this.#digests.add(digest);
  }
}

function pairOf(messageId: string, requestId: string | null): string {
  return `${messageId} ${requestId ?? ''}`;
}
