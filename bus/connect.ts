import { headers, type NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import { connectionOptions } from './connection-options.ts';
import { createLocalDelivery } from './local-delivery.ts';
import type { Log } from './log.ts';
import { createOutgoing, type OutgoingMessage } from './outgoing.ts';
import { bytesOf, type Parcel } from './parcel.ts';
import { guard, subscribe } from './subscribe.ts';

/** A message as subscribers see it: no objects of the client library leave this folder. */
export interface BusMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  /** What a parcel of this process holds: then `data` is empty. Null = the message came as bytes. */
  readonly content: object | null;
  /** Empty when no answer is wanted. */
  readonly reply: string;
  /** True for the server's word that nobody listens on the subject we published to. */
  readonly isNoResponders: boolean;
}

/** Ends a subscription. */
export interface BusSubscription {
  /** Takes no new messages; those already routed to us are still delivered before it resolves. */
  drain(): Promise<void>;
  unsubscribe(): void;
}

/** How a subscription takes messages. */
export interface SubscribeOptions {
  /** Of all subscribers of a queue group one gets a message. */
  readonly queue?: string;
  /**
   * What this process publishes to the subject goes straight to the listener while this is true, and not to nats-server.
   * For subjects that nobody else listens to, and for queue groups.
   */
  readonly isWillingHere?: () => boolean;
}

/** The one NATS connection of a process. Disposing it drains. */
export interface Bus extends AsyncDisposable {
  /** The client library's connection, for this folder only. */
  readonly connection: NatsConnection;
  readonly isConnected: boolean;
  /** Milliseconds on the monotonic clock when the connection last came back; −∞ before. */
  readonly connectedAtMs: number;
  /** Messages given to nats-server so far. Counted for the tests that guard messages per request. */
  readonly published: number;
  /**
   * Throws only when the payload is over the server's `max_payload`. Lost while disconnected. Where a listener of this process
   * takes it, it gets these very bytes, or what is in this very parcel: do not change them afterwards.
   */
  publish(subject: string, message: Uint8Array | Parcel, reply?: string): void;
  /** Publishes with a JetStream message id and a reply subject for the acknowledgement. */
  publishEvent(subject: string, data: Uint8Array, reply: string, id: string): void;
  /** A listener's throw or rejection is logged and goes no further: it would make the connection deaf. */
  subscribe(
    subject: string,
    listener: (message: BusMessage) => void | Promise<void>,
    options?: SubscribeOptions,
  ): BusSubscription;
  /** Sends at once what waits for company: the socket has it before the next turn of the event loop. */
  sendNow(): void;
  /** Called when the connection is lost. Returns the function that removes the listener. */
  onDisconnect(listener: () => void): () => void;
  /** Called after every reconnect. Returns the function that removes the listener. */
  onReconnect(listener: () => void): () => void;
  /** Resolves true when connected, false after `waitMs`. */
  whenConnected(waitMs: number): Promise<boolean>;
  /** Settles when the connection has closed for good. */
  readonly closed: Promise<Error | undefined>;
}

/** How to reach nats-server. */
export interface BusOptions {
  /** Comma-separated `nats://[user:password@]host:port` list. */
  readonly servers: string;
  readonly user?: string;
  readonly password?: string;
  /** Name shown by nats-server's monitoring: the roles of this process. */
  readonly name: string;
  readonly log: Log;
}

/** Opens the connection; waits for a server that is not up yet and reconnects for ever. */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const connection = await connect(connectionOptions(options));
  const disconnectListeners = new Set<() => void>();
  const reconnectListeners = new Set<() => void>();
  const waiters = new Waiters();
  let isConnected = true;
  // Only a reconnect calls for patience with peers that come back later.
  let connectedAtMs = Number.NEGATIVE_INFINITY;
  let published = 0;

  const local = createLocalDelivery();
  const outgoing = createOutgoing(connection);
  const enqueue = (message: OutgoingMessage): void => {
    published += 1;
    outgoing.push(message);
  };

  const watch = async (): Promise<void> => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') {
        isConnected = false;
        options.log.warn({ server: status.server }, 'nats disconnected');
        for (const listener of disconnectListeners) guard(listener, options.log);
      } else if (status.type === 'reconnect') {
        isConnected = true;
        connectedAtMs = performance.now();
        options.log.info({ server: status.server }, 'nats reconnected');
        waiters.release();
        for (const listener of reconnectListeners) guard(listener, options.log);
      } else if (status.type === 'error') {
        options.log.error({ error: status.error }, 'nats error');
      }
    }
  };
  watch().catch((error: unknown) => options.log.error({ error }, 'nats status ended'));

  return {
    connection,
    get isConnected() {
      return isConnected && !connection.isClosed();
    },
    get connectedAtMs() {
      return connectedAtMs;
    },
    get published() {
      return published;
    },
    closed: connection.closed().then((reason) => reason ?? undefined),
    publish(subject, message, reply) {
      if (local.take(subject, message, reply ?? '')) return;
      const data = bytesOf(message);
      checkSize(connection, data);
      enqueue({ subject, data, ...(reply === undefined ? {} : { options: { reply } }) });
    },
    publishEvent(subject, data, reply, id) {
      checkSize(connection, data);
      const head = headers();
      head.set('Nats-Msg-Id', id);
      enqueue({ subject, data, options: { reply, headers: head }, isPatient: true });
    },
    subscribe: (subject, listener, subscribeOptions = {}) =>
      subscribe(
        { connection, local, log: options.log },
        { subject, listener, ...subscribeOptions },
      ),
    sendNow: outgoing.flush,
    onDisconnect(listener) {
      disconnectListeners.add(listener);
      return () => disconnectListeners.delete(listener);
    },
    onReconnect(listener) {
      reconnectListeners.add(listener);
      return () => reconnectListeners.delete(listener);
    },
    whenConnected: (waitMs) => (isConnected ? Promise.resolve(true) : waiters.wait(waitMs)),
    async [Symbol.asyncDispose]() {
      if (connection.isClosed()) return;
      outgoing.flush();
      // A drain waits for the server's answer: without a server there is nothing to wait for.
      if (isConnected) await connection.drain();
      else await connection.close();
    },
  };
}

/** Those who wait for the connection to come back. */
class Waiters {
  readonly #waiting = new Set<(isUp: boolean) => void>();

  wait(waitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const waiter = (isUp: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiter);
        resolve(isUp);
      };
      const timer = setTimeout(waiter, waitMs, false);
      this.#waiting.add(waiter);
    });
  }

  release(): void {
    for (const waiter of this.#waiting) waiter(true);
  }
}

function checkSize(connection: NatsConnection, data: Uint8Array): void {
  const bytesMax = connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
  if (data.length > bytesMax) {
    throw new RangeError(`a message of ${data.length} bytes is over max_payload (${bytesMax})`);
  }
}
