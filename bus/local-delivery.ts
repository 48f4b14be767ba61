import type { BusMessage } from './connect.ts';
import type { Parcel } from './parcel.ts';

/** Takes a message of this process. Never throws. */
export type LocalListener = (message: BusMessage) => void;

/** Brings messages to listeners of the same process, without the way over nats-server. */
export interface LocalDelivery {
  /**
   * Has a listener take what this process publishes to `subject`, whose last token may be `*`, as long as `isWilling` says so.
   * Returns the function that removes it; what was taken before is still delivered.
   */
  listen(subject: string, listener: LocalListener, isWilling: () => boolean): () => void;
  /** True = a listener here gets the message, in a later turn of the event loop and after all that were taken before. */
  take(subject: string, message: Uint8Array | Parcel, reply: string): boolean;
  /** Resolves once everything taken so far was delivered. */
  settled(): Promise<void>;
}

const NO_BYTES = new Uint8Array(0);

interface Entry {
  readonly listener: LocalListener;
  readonly isWilling: () => boolean;
}

/** Creates the delivery of one process. */
export function createLocalDelivery(): LocalDelivery {
  const entries = new Map<string, Entry>();
  let waiting: { readonly listener: LocalListener; readonly message: BusMessage }[] = [];
  const deliver = (): void => {
    const due = waiting;
    waiting = [];
    for (const { listener, message } of due) listener(message);
  };
  return {
    listen(subject, listener, isWilling) {
      const entry = { listener, isWilling };
      entries.set(subject, entry);
      return () => {
        if (entries.get(subject) === entry) entries.delete(subject);
      };
    },
    take(subject, taken, reply) {
      const entry = entries.get(subject) ?? entries.get(withWildcard(subject));
      if (entry === undefined || !entry.isWilling()) return false;
      const isBytes = taken instanceof Uint8Array;
      const message = {
        subject,
        data: isBytes ? taken : NO_BYTES,
        content: isBytes ? null : taken.content,
        reply,
        isNoResponders: false,
      };
      if (waiting.push({ listener: entry.listener, message }) === 1) setImmediate(deliver);
      return true;
    },
    settled: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

function withWildcard(subject: string): string {
  return `${subject.slice(0, subject.lastIndexOf('.'))}.*`;
}
