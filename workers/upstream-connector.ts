import type { Socket } from 'node:net';
import { buildConnector } from 'undici';
import { LIMITS } from '../config/limits.ts';

/**
 * Opens connections that give out at most `upstreamUnreadBytesMax` at once.
 *
 * undici takes all that a socket holds and, when it is paused in the middle, puts the rest back. Node, which saw an empty
 * buffer, has meanwhile read 64 KB more: every pause would add some, without end where the upstream is faster than the client.
 */
export function createConnector(connectMs: number): buildConnector.connector {
  const connect = buildConnector({
    allowH2: false,
    timeout: connectMs,
    // Node's option, which undici's types leave out.
    ...({ highWaterMark: LIMITS.upstreamUnreadBytesMax } as object),
  });
  return (options, callback) => {
    connect(options, (...result) => {
      const [error, socket] = result;
      if (error === null && socket !== null) readInPieces(socket);
      callback(...result);
    });
  };
}

function readInPieces(socket: Socket): void {
  const read = socket.read.bind(socket);
  socket.read = (size) => {
    const isMore = size === undefined && socket.readableLength > LIMITS.upstreamUnreadBytesMax;
    return read(isMore ? LIMITS.upstreamUnreadBytesMax : size);
  };
}
