import { type ConnectionOptions, headers, type NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import type { Log } from './log.ts';
import { createOutgoing, type OutgoingMessage } from './outgoing.ts';

/** A message as subscribers see it: no objects of the client library leave this folder. */
export interface BusMessage {
  readonly subject: string;
  readonly data: Uint8Array;
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

/** The one NATS connection of a process. Disposing it drains. */
export interface Bus extends AsyncDisposable {
  /** The client library's connection, for this folder only. */
  readonly connection: NatsConnection;
  readonly isConnected: boolean;
  /** Milliseconds on the monotonic clock when the connection last came back; −∞ before. */
  readonly connectedAtMs: number;
  /** Messages published so far. Counted for the tests that guard messages per request. */
  readonly published: number;
  /** Throws only when the payload is over the server's `max_payload`. Lost while disconnected. */
  publish(subject: string, data: Uint8Array, reply?: string): void;
  /** Publishes with a JetStream message id and a reply subject for the acknowledgement. */
  publishEvent(subject: string, data: Uint8Array, reply: string, id: string): void;
  /** A listener's throw or rejection is logged and goes no further: it would make the connection deaf. */
  subscribe(
    subject: string,
    listener: (message: BusMessage) => void | Promise<void>,
    options?: { queue?: string },
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

const RECONNECT_WAIT_MS = 100;
const RECONNECT_JITTER_MS = 50;
const PING_MS = 2_000;
/** The client library's own 32 KB cut the messages of one turn into several writes. */
const WRITE_BYTES_MAX = 262_144;

/** Opens the connection; waits for a server that is not up yet and reconnects for ever. */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const connection = await connect(connectionOptions(options));
  const disconnectListeners = new Set<() => void>();
  const reconnectListeners = new Set<() => void>();
  const waiters = new Set<(isUp: boolean) => void>();
  let isConnected = true;
  // Only a reconnect calls for patience with peers that come back later.
  let connectedAtMs = Number.NEGATIVE_INFINITY;
  let published = 0;

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
        for (const waiter of waiters) waiter(true);
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
    publish(subject, data, reply) {
      checkSize(connection, data);
      enqueue({ subject, data, ...(reply === undefined ? {} : { options: { reply } }) });
    },
    publishEvent(subject, data, reply, id) {
      checkSize(connection, data);
      const head = headers();
      head.set('Nats-Msg-Id', id);
      enqueue({ subject, data, options: { reply, headers: head } });
    },
    subscribe: (subject, listener, subscribeOptions) =>
      subscribe(connection, options.log, { subject, listener, queue: subscribeOptions?.queue }),
    sendNow: outgoing.flush,
    onDisconnect(listener) {
      disconnectListeners.add(listener);
      return () => disconnectListeners.delete(listener);
    },
    onReconnect(listener) {
      reconnectListeners.add(listener);
      return () => reconnectListeners.delete(listener);
    },
    whenConnected(waitMs) {
      if (isConnected) return Promise.resolve(true);
      return new Promise((resolve) => {
        const waiter = (isUp: boolean): void => {
          clearTimeout(timer);
          waiters.delete(waiter);
          resolve(isUp);
        };
        const timer = setTimeout(waiter, waitMs, false);
        waiters.add(waiter);
      });
    },
    async [Symbol.asyncDispose]() {
      if (connection.isClosed()) return;
      outgoing.flush();
      // A drain waits for the server's answer: without a server there is nothing to wait for.
      if (isConnected) await connection.drain();
      else await connection.close();
    },
  };
}

function checkSize(connection: NatsConnection, data: Uint8Array): void {
  const bytesMax = connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
  if (data.length > bytesMax) {
    throw new RangeError(`a message of ${data.length} bytes is over max_payload (${bytesMax})`);
  }
}

// `pendingLimit` is missing from the library's types.
function connectionOptions(options: BusOptions): ConnectionOptions & { pendingLimit: number } {
  // The client library does not read credentials out of an address.
  const servers = options.servers.split(',').map((server) => parseServer(server.trim()));
  const user = options.user ?? servers.find((server) => server.user !== undefined)?.user;
  const password =
    options.password ?? servers.find((server) => server.password !== undefined)?.password;
  return {
    servers: servers.map(({ address }) => address),
    name: options.name,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { pass: password }),
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    reconnectJitter: RECONNECT_JITTER_MS,
    pingInterval: PING_MS,
    maxPingOut: 2,
    waitOnFirstConnect: true,
    timeout: 5_000,
    noAsyncTraces: true,
    pendingLimit: WRITE_BYTES_MAX,
  };
}

function parseServer(server: string): { address: string; user?: string; password?: string } {
  const url = new URL(server.includes('://') ? server : `nats://${server}`);
  const address = `${url.protocol}//${url.host}`;
  if (url.username === '') return { address };
  return {
    address,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  };
}

const NO_BYTES = new Uint8Array(0);

function subscribe(
  connection: NatsConnection,
  log: Log,
  options: {
    subject: string;
    listener: (message: BusMessage) => void | Promise<void>;
    queue: string | undefined;
  },
): BusSubscription {
  const { subject, listener, queue } = options;
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
          reply: msg.reply ?? '',
          isNoResponders,
        });
      }, log);
    },
  });
  return {
    async drain() {
      if (!connection.isClosed()) await subscription.drain();
    },
    unsubscribe() {
      if (!connection.isClosed()) subscription.unsubscribe();
    },
  };
}

// An exception that escapes a subscription callback ends the client's read loop without a word.
function guard(listener: () => void | Promise<void>, log: Log): void {
  try {
    listener()?.catch((error: unknown) => log.error({ error }, 'bus listener failed'));
  } catch (error) {
    log.error({ error }, 'bus listener failed');
  }
}
