import type { NatsConnection } from '@nats-io/nats-core';
import type { BusMessage, BusSubscription, SubscribeOptions } from './connect.ts';
import type { LocalDelivery } from './local-delivery.ts';
import type { Log } from './log.ts';

const NO_BYTES = new Uint8Array(0);

/** Subscribes on the connection, and where the listener is willing among the messages of this process. See `Bus.subscribe`. */
export function subscribe(
  { connection, local, log }: { connection: NatsConnection; local: LocalDelivery; log: Log },
  options: SubscribeOptions & {
    readonly subject: string;
    readonly listener: (message: BusMessage) => void | Promise<void>;
  },
): BusSubscription {
  const { subject, listener, queue, isWillingHere } = options;
  const subscription = connection.subscribe(subject, {
    ...(queue === undefined ? {} : { queue }),
    callback: (error, msg) => {
      if (error !== null) {
        log.error({ error, subject }, 'nats subscription failed');
        return;
      }
      guard(() => {
        const data = msg.data;
        const isNoResponders = data.length === 0 && msg.headers?.code === 503;
        return listener({
          subject: msg.subject,
          data: data.length === 0 ? NO_BYTES : data,
          content: null,
          reply: msg.reply ?? '',
          isNoResponders,
        });
      }, log);
    },
  });
  const leave =
    isWillingHere === undefined
      ? () => {}
      : local.listen(subject, (message) => guard(() => listener(message), log), isWillingHere);
  return {
    async drain() {
      leave();
      await local.settled();
      if (!connection.isClosed()) await subscription.drain();
    },
    unsubscribe() {
      leave();
      if (!connection.isClosed()) subscription.unsubscribe();
    },
  };
}

/** Calls a listener: an exception that escapes a subscription callback ends the client's read loop without a word. */
export function guard(listener: () => void | Promise<void>, log: Log): void {
  try {
    listener()?.catch((error: unknown) => log.error({ error }, 'bus listener failed'));
  } catch (error) {
    log.error({ error }, 'bus listener failed');
  }
}
