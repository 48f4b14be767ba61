import { Pool } from 'undici';
import { LIMITS } from '../config/limits.ts';
import type { HeaderPair } from '../schemas/envelope.ts';
import type { UpstreamRequest } from './provider.ts';
import { startCall } from './upstream-call.ts';
import { createConnector } from './upstream-connector.ts';

/** Why a call did not become a whole answer. `code` is Node's or undici's; it holds no address. */
export interface UpstreamFailure {
  /** `malformed`: what came is no HTTP, or exceeds a limit of it. */
  readonly kind: 'unreachable' | 'timeout' | 'broken' | 'malformed';
  readonly code: string;
  /** False = not a byte of the request left: it cannot have been billed. */
  readonly isRequestSent: boolean;
}

/** Hears one call. `onEnd` or `onFailure` comes last, once; nothing comes after `abort`. */
export interface UpstreamListener {
  onResponse(status: number, headers: readonly HeaderPair[]): void;
  /** Bytes that stay as they are: keep views of them freely. */
  onData(bytes: Buffer): void;
  onEnd(): void;
  onFailure(failure: UpstreamFailure): void;
}

/** A call under way. */
export interface UpstreamCall {
  readonly isRequestSent: boolean;
  /** Stops reading the socket; the upstream soon stops sending. The idle time-out rests meanwhile. */
  pause(): void;
  resume(): void;
  /** Ends the call at once and closes its connection. */
  abort(): void;
}

/** The time a call has. */
export interface CallOptions {
  /** Milliseconds until the first byte of the answer's body. */
  readonly firstByteMs: number;
}

/** The HTTP connections of one worker process to all upstreams. Disposing it closes them at once. */
export interface UpstreamClient extends AsyncDisposable {
  /** POSTs the request. Never throws: whatever goes wrong comes as `onFailure`, never before this returned. */
  send(request: UpstreamRequest, listener: UpstreamListener, options: CallOptions): UpstreamCall;
}

/** Times in milliseconds; the limits are the defaults. */
export interface UpstreamClientOptions {
  readonly connectMs?: number;
  readonly idleMs?: number;
  readonly keepAliveMs?: number;
}

/**
 * Creates the client: one connection pool per origin, HTTP/1.1 without pipelining, no redirects followed.
 *
 * Origins come from the configuration, so that there are few.
 */
export function createUpstreamClient(options: UpstreamClientOptions = {}): UpstreamClient {
  const idleMs = options.idleMs ?? LIMITS.upstreamIdleMsMax;
  const pools = new Map<string, Pool>();
  const poolOf = (origin: string): Pool => {
    const known = pools.get(origin);
    if (known !== undefined) return known;
    const pool = createPool(origin, options);
    pools.set(origin, pool);
    return pool;
  };
  return {
    send(request, listener, { firstByteMs }) {
      const { origin } = request;
      return startCall(() => poolOf(origin), { request, listener, firstByteMs, idleMs });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

function createPool(origin: string, options: UpstreamClientOptions): Pool {
  const keepAliveMs = options.keepAliveMs ?? LIMITS.upstreamKeepAliveMs;
  return new Pool(origin, {
    allowH2: false, // an aborted HTTP/2 stream would leave its connection to the other streams' mercy
    connections: LIMITS.workerInFlightMax,
    pipelining: 1,
    connect: createConnector(options.connectMs ?? LIMITS.upstreamConnectMsMax),
    headersTimeout: 0, // the first-byte timer of the call covers it
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    maxHeaderSize: LIMITS.upstreamHeaderBytesMax,
  });
}
