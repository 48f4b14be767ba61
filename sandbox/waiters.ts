import type { ProviderId } from '../schemas/provider.ts';
import type { RecordedRequest } from './recorded-request.ts';
import { SANDBOX_LIMITS } from './sandbox-limits.ts';

/** Which request to wait for. */
export interface RequestFilter {
  readonly provider?: ProviderId;
  /** The request with this sequence number. */
  readonly sequence?: number;
  /** Also one that is past already, if it came after this position (`sequence`, or `endSequence` for ends). */
  readonly after?: number;
  /** Gives up waiting. */
  readonly signal?: AbortSignal;
}

/** Promises for what happens to requests. */
export interface Waiters {
  /** The first of `past` that matches, else the next to come. */
  next(past: readonly RecordedRequest[], filter: RequestFilter): Promise<RecordedRequest>;
  notify(record: RecordedRequest): void;
  /** Rejects everything that waits. */
  close(): void;
}

interface Waiter {
  readonly filter: RequestFilter;
  readonly resolve: (record: RecordedRequest) => void;
  readonly reject: (reason: Error) => void;
}

/** Makes an empty list. `position` orders what happened. */
export function createWaiters(position: (record: RecordedRequest) => number): Waiters {
  const waiters = new Set<Waiter>();
  return {
    next(past, filter) {
      const { after, signal } = filter;
      const isPastWanted = after !== undefined || filter.sequence !== undefined;
      const found = isPastWanted
        ? past
            .filter((record) => position(record) > (after ?? 0) && matches(record, filter))
            .sort((one, other) => position(one) - position(other))[0]
        : undefined;
      if (found !== undefined) return Promise.resolve(found);
      if (waiters.size >= SANDBOX_LIMITS.waitersMax) {
        return Promise.reject(new Error(`more than ${SANDBOX_LIMITS.waitersMax} waiters`));
      }
      return new Promise((resolve, reject) => {
        const waiter: Waiter = { filter, resolve, reject };
        waiters.add(waiter);
        signal?.addEventListener('abort', () => {
          if (waiters.delete(waiter))
            reject(new Error('gave up waiting', { cause: signal.reason }));
        });
      });
    },
    notify(record) {
      if (waiters.size === 0) return;
      for (const waiter of waiters) {
        if (!matches(record, waiter.filter)) continue;
        waiters.delete(waiter);
        waiter.resolve(record);
      }
    },
    close() {
      for (const { reject } of waiters) reject(new Error('the sandbox was closed'));
      waiters.clear();
    },
  };
}

function matches(record: RecordedRequest, { provider, sequence }: RequestFilter): boolean {
  if (provider !== undefined && record.provider !== provider) return false;
  return sequence === undefined || record.sequence === sequence;
}
