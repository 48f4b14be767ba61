import { randomUUID } from 'node:crypto';
import { LIMITS } from '../config/limits.ts';
import type { EventPublisher } from './events.ts';

/** Small things of one kind that leave together, in one event. Disposing it sends those that wait. */
export interface EventBatches<Item> extends Disposable {
  /** Never waits and never throws. The result is the number of its batch. */
  add(item: Item): number;
  /** The same; `acknowledged` resolves once the stream has the batch: true, or false as `publishAcknowledged` does. */
  addAcknowledged(item: Item): { readonly batch: number; readonly acknowledged: Promise<boolean> };
  /** Sends this batch if it still waits. */
  send(batch: number): void;
}

/** What an event of many things looks like. */
export interface EventBatchOptions<Item> {
  readonly subject: string;
  /** Part of the events' ids. */
  readonly kind: string;
  /** Milliseconds until a batch leaves, be it full or not. */
  readonly delayMsMax: number;
  /** The event's JSON. */
  event(id: string, items: Item[]): unknown;
}

/** Starts the batches of a process. */
export function startEventBatches<Item>(
  events: Pick<EventPublisher, 'publish' | 'publishAcknowledged'>,
  options: EventBatchOptions<Item>,
): EventBatches<Item> {
  const { subject, kind, delayMsMax, event } = options;
  const source = randomUUID();
  let items: Item[] = [];
  let acknowledged: PromiseWithResolvers<boolean> | null = null;
  let number = 0;
  let timer: NodeJS.Timeout | null = null;

  const sendAll = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (items.length === 0) return;
    const id = `${source}.${number}.${kind}`;
    const content = event(id, items);
    if (acknowledged === null) events.publish(subject, id, content);
    else acknowledged.resolve(events.publishAcknowledged(subject, id, content));
    items = [];
    acknowledged = null;
    number += 1;
  };
  const add = (item: Item): number => {
    const batch = number;
    if (items.push(item) >= LIMITS.eventBatchMax) sendAll();
    else timer ??= setTimeout(sendAll, delayMsMax);
    return batch;
  };
  return {
    add,
    addAcknowledged(item) {
      acknowledged ??= Promise.withResolvers();
      const { promise } = acknowledged;
      return { batch: add(item), acknowledged: promise };
    },
    send(batch) {
      if (batch === number) sendAll();
    },
    [Symbol.dispose]: sendAll,
  };
}
