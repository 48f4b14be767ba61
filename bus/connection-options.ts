import type { ConnectionOptions } from '@nats-io/nats-core';
import type { BusOptions } from './connect.ts';

const RECONNECT_WAIT_MS = 100;
const RECONNECT_JITTER_MS = 50;
const PING_MS = 2_000;
/** The client library's own 32 KB cut the messages of one turn into several writes. */
const WRITE_BYTES_MAX = 262_144;

/** What the client library is told; `pendingLimit` is missing from its types. */
export function connectionOptions(
  options: BusOptions,
): ConnectionOptions & { pendingLimit: number } {
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
